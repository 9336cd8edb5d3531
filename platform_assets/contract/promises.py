"""What a product promises: who owns it, how often it is refreshed and how old an answer may be."""

import msgspec


class Owner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A team that answers for an output, and where it is reached."""

    team: str
    email: str


class Freshness(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The largest acceptable age of a published batch, from its as-of; a warning comes at `warn_hours`."""

    max_age_hours: float
    warn_hours: float


class BatchPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When and for whom a product is scored in batch.

    `population` is SQL over the staging models and the table `as_of(as_of)`. It yields one row per prediction with the
    columns `as_of`, `event_at`, the row keys and the request fields. `cron` is in UTC and independent of training.
    """

    cadence: str
    cron: str
    population: str
    freshness: Freshness
