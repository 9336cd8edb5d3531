"""The online block: a product that declares it is served over HTTP, one without it is not."""

from typing import Annotated, Literal

import msgspec

from platform_assets.contract.evaluation import Label
from platform_assets.contract.experiments import Experiment
from platform_assets.contract.promises import Owner
from platform_assets.contract.rollout import RolloutPlan
from platform_assets.contract.slas import OnlineSla
from platform_assets.contract.streaming import StreamingFeatures

FallbackKind = Literal["last_batch", "default_score", "skip_action"]


_AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]
_Positive = Annotated[float, msgspec.Meta(gt=0.0)]


class Cache(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a computed score is reused for equal model inputs, and how many each worker keeps.

    `shared` adds the online store as a second tier for all workers: a round trip that only an expensive model repays.
    """

    ttl_seconds: _Positive = 3600.0
    max_entries: _AtLeastOne = 20_000
    shared: bool = False


class Batching(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many rows of concurrent requests are scored together, and how long they may collect behind a busy engine.

    Nothing waits while the engine is idle. One request of more rows is scored in parts of about `max_wait_ms`.
    """

    max_rows: _AtLeastOne = 32
    max_wait_ms: _Positive = 10.0


class Approximation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An offline-only feature view that is used online all the same: `by` what, and `why` that is good enough.

    Without one, a product that is served may not use such a view. The view's own age limit holds in place of the
    product's `max_feature_age_hours`: beyond it a row is stale.
    """

    view: str
    why: str
    by: Literal["last_snapshot"] = "last_snapshot"


class Online(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a product answers online and what it answers when something is away.

    `fallbacks` are tried in order; `default_score` is the conservative score of the kind of that name. Latencies are
    of the whole request in milliseconds, the age is of the stored features in hours. A call that waits longer than
    `score_deadline_ms` for its scores gets its fallback. Without a `cache` every row is scored. `approximations` name
    the offline-only feature views of the product, each with a justification. `rollout` is the way of a new release
    to all of the traffic. `value` is what an answered unit brings the business after its answer, declared like a
    label; `experiments` are comparisons that a person may create and start. `streaming` are the events that refresh
    stored features between two batches.
    """

    owner: Owner
    fallbacks: tuple[FallbackKind, ...]
    default_score: float
    max_feature_age_hours: float
    latency_p95_ms: float = 100.0
    latency_p99_ms: float = 120.0
    score_deadline_ms: _Positive = 1000.0
    max_batch_rows: int = 1000
    cache: Cache | None = Cache()
    batching: Batching = Batching()
    approximations: tuple[Approximation, ...] = ()
    rollout: RolloutPlan = RolloutPlan()
    value: Label | None = None
    experiments: tuple[Experiment, ...] = ()
    sla: OnlineSla = OnlineSla()
    streaming: StreamingFeatures | None = None
