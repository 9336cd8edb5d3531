"""What is said about one row, before it becomes an answer and a log entry."""

import datetime as dt

import msgspec

from platform_assets.contract.prediction_log import FallbackUsed, Reason


class Verdict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A score with its standing: where it comes from, how old its inputs are and whether to act on it."""

    score: float | None
    uncertainty: float | None
    is_valid: bool
    model_version: int
    as_of: dt.datetime | None
    age_s: float | None = None
    max_age_s: float | None = None
    is_stale: bool = False
    action_allowed: bool
    fallback: FallbackUsed = "none"
    reason: Reason | None = None
    missing_features: tuple[str, ...] = ()
    cache_hit: bool = False


def known(value: float) -> float | None:
    """Return a number, or None for NaN."""
    return None if value != value else value  # noqa: PLR0124 - only NaN differs from itself
