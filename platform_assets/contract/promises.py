"""What a product promises: who owns it, how often it is refreshed and how old an answer may be."""

from typing import Literal

import msgspec

from platform_assets.contract.slas import BatchSla

# What a product promises and is watched for; alert rules are promises too, named RULE_PREFIX and their own name.
# `guardrails`: the newest batch was not refused. `runs`: the newest scoring and sync runs succeeded, and the watch
# itself could look. `rollout`: no hard limit ended the newest one. Those of an SLA have the mode as their subject.
PromiseName = Literal[
    "data_age", "publication_age", "source_age", "partition", "snapshot_age", "materialization_lag",
    "materialization_success", "guardrails", "runs", "rollout", "sla_freshness", "sla_availability", "sla_latency",
    "sla_error_rate", "sla_coverage",
]  # fmt: skip
RULE_PREFIX = "rule_"
# Unknown: never materialized yet, or nothing that could be measured.
PromiseState = Literal["kept", "at_risk", "broken", "unknown"]


class Owner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A team that answers for an output, and where it is reached."""

    team: str
    email: str


class Freshness(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The largest acceptable ages of a published batch, by three clocks.

    `max_age_hours` is that of the data, from the as-of; a warning comes at `warn_hours`. That of the run, from the
    publication, is at most `max_publication_age_hours`; left out, the same. `max_source_age_hours` is from the newest
    raw event to the as-of; left out, not promised.
    """

    max_age_hours: float
    warn_hours: float
    max_publication_age_hours: float | None = None
    max_source_age_hours: float | None = None


class AutomatedAction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that a machine does with a prediction without asking a person; never done with a stale one."""

    name: str
    description: str


class BatchPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When and for whom a product is scored in batch.

    `population` is SQL over the staging models and the table `as_of(as_of)`. It yields one row per prediction with the
    columns `as_of`, `event_at`, the row keys and the request fields. `cron` is in UTC and independent of training.
    """

    cadence: str
    cron: str
    population: str
    freshness: Freshness
    sla: BatchSla = BatchSla()
