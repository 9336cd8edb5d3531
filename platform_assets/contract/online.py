"""The online block: a product that declares it is served over HTTP, one without it is not."""

from typing import Literal

import msgspec

from platform_assets.contract.promises import Owner

FallbackKind = Literal["last_batch", "default_score", "skip_action"]


class Online(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a product answers online and what it answers when something is away.

    `fallbacks` are tried in order; `default_score` is the conservative score of the kind of that name. Latencies are
    of the whole request in milliseconds, the age is of the stored features in hours.
    """

    owner: Owner
    fallbacks: tuple[FallbackKind, ...]
    default_score: float
    max_feature_age_hours: float
    latency_p95_ms: float = 100.0
    latency_p99_ms: float = 120.0
    max_batch_rows: int = 1000
