"""What is answered when the model cannot answer: the chain that the release declares, tried in order (R120-R128)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from platform_assets.contract.online import FallbackKind
from platform_assets.contract.prediction_log import Reason
from platform_assets.inference.frame import Column
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.sources import BatchPrediction, BatchSource
from platform_assets.serving.verdict import Verdict, known

_SECONDS_PER_HOUR = 3600.0
# The last batch lies in the same store: asking it would only spend the time budget a second time.
_STORE_IS_AWAY: frozenset[Reason] = frozenset({"online_store_unavailable"})


@dataclass(frozen=True, slots=True)
class Open:
    """Rows without an answer: their key columns, the instant they stand for and the reason of each."""

    columns: Mapping[str, Column]
    event_at: dt.datetime
    reasons: Sequence[Reason]


async def fall_back(live: LiveRelease, rows: Open, batches: BatchSource) -> list[Verdict]:
    """Return one verdict per open row, in order; a chain that ends without an answer skips the action."""
    found = await _last_batch(live, rows, batches)
    return [
        _first_of_chain(live, rows.event_at, reason, batch) for reason, batch in zip(rows.reasons, found, strict=True)
    ]


async def _last_batch(live: LiveRelease, rows: Open, batches: BatchSource) -> Sequence[BatchPrediction | None]:
    if "last_batch" not in live.release.fallbacks:
        return [None] * len(rows.reasons)
    return await batches.read(live, rows.columns, is_store_away=_STORE_IS_AWAY.issuperset(rows.reasons))


def _first_of_chain(live: LiveRelease, event_at: dt.datetime, reason: Reason, batch: BatchPrediction | None) -> Verdict:
    for kind in live.release.fallbacks:
        verdict = _answer_by(kind, live, event_at, reason, batch)
        if verdict is not None:
            return verdict
    return _skip(live, reason)


def _answer_by(
    kind: FallbackKind, live: LiveRelease, event_at: dt.datetime, reason: Reason, batch: BatchPrediction | None
) -> Verdict | None:
    if kind == "last_batch":
        return None if batch is None else _from_batch(live, event_at, reason, batch)
    return _default(live, reason) if kind == "default_score" else _skip(live, reason)


def _from_batch(live: LiveRelease, event_at: dt.datetime, reason: Reason, batch: BatchPrediction) -> Verdict:
    """Answer with the batch; beyond any of the batch's own promises of age it is shown, not acted on."""
    age_s = (event_at - batch.as_of).total_seconds()
    limit_s = live.product.batch.freshness.max_age_hours * _SECONDS_PER_HOUR
    fresh = batch.is_fresh(event_at, limit_s)
    return Verdict(
        score=batch.score,
        uncertainty=known(batch.uncertainty),
        is_valid=True,
        model_version=batch.model_version,
        as_of=batch.as_of,
        age_s=age_s,
        max_age_s=limit_s,
        is_stale=not fresh,
        action_allowed=fresh,
        fallback="last_batch",
        reason=reason,
    )


def _default(live: LiveRelease, reason: Reason) -> Verdict | None:
    """Answer with the declared conservative score, which is meant to be acted on."""
    if live.release.default_score is None:
        return None
    return Verdict(
        score=live.release.default_score,
        uncertainty=None,
        is_valid=True,
        model_version=live.release.model_version,
        as_of=None,
        action_allowed=True,
        fallback="default_score",
        reason=reason,
    )


def _skip(live: LiveRelease, reason: Reason) -> Verdict:
    return Verdict(
        score=None,
        uncertainty=None,
        is_valid=False,
        model_version=live.release.model_version,
        as_of=None,
        action_allowed=False,
        fallback="skip_action",
        reason=reason,
    )
