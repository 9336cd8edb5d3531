"""Rows with their stored features become verdicts by the model; rows it cannot answer are named with the reason."""

import asyncio
from dataclasses import dataclass

import numpy as np

from platform_assets.contract.prediction_log import Reason
from platform_assets.errors import BundleError
from platform_assets.inference.frame import Column, Floats, take_rows
from platform_assets.inference.scoring import Scored, score
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.rows import Rows
from platform_assets.serving.stored import Ages, Flags, StoredRows, feature_ages, view_slices
from platform_assets.serving.verdict import Verdict, known

# Below about a millisecond of work a hop to a thread costs more than it frees (measured: 32 rows of 500 trees).
_INLINE_ROWS = 32


@dataclass(frozen=True, slots=True)
class Gaps:
    """Which feature views were read and which are missing [rows, views], and which rows cannot be scored at all.

    A view whose every column the caller sent is neither.
    """

    is_read: Flags
    is_missing: Flags
    unanswerable: list[Reason | None]


def find_gaps(live: LiveRelease, rows: Rows, stored: StoredRows) -> Gaps:
    """Return what the store did not give and the caller did not send.

    Without the store a row that needed it is unanswerable. With it, a row whose every view is missing is
    unanswerable unless the request alone holds model inputs.
    """
    parts = view_slices(live.product)
    needed = np.stack([~rows.is_given[:, part].all(axis=1) for part in parts], axis=1)
    is_read, is_missing = needed & stored.found, needed & ~stored.found
    if stored.failure is not None:
        return Gaps(is_read, is_missing, _reasons(stored.failure, np.any(needed, axis=1)))
    knows_nothing = np.all(is_missing, axis=1) & ~np.any(rows.is_given, axis=1)
    is_unknown = np.zeros_like(knows_nothing) if live.schema.is_scored_by_request_alone else knows_nothing
    return Gaps(is_read, is_missing, _reasons("unknown_entity", is_unknown))


def _reasons(reason: Reason, holds: Flags) -> list[Reason | None]:
    return [reason if row else None for row in holds.tolist()]


async def judge_rows(
    live: LiveRelease, rows: Rows, stored: StoredRows, gaps: Gaps, event_at: float
) -> list[Verdict | Reason]:
    """Return a verdict, or the reason for a fallback, per row and in order."""
    results: list[Verdict | Reason | None] = list(gaps.unanswerable)
    positions = [position for position, reason in enumerate(results) if reason is None]
    if positions:
        frame = model_frame(live, rows, stored, event_at)
        if len(positions) < rows.count:
            frame = take_rows(frame, np.array(positions))
        scored = await _score(live, frame)
        ages = feature_ages(np.where(gaps.is_read, stored.event_times, np.nan), live.age_limits_s, event_at)
        for place, position in enumerate(positions):
            results[position] = _verdict(live, stored, gaps, ages, scored, place=place, position=position)
    return [result for result in results if result is not None]


def model_frame(live: LiveRelease, rows: Rows, stored: StoredRows, event_at: float) -> dict[str, Column]:
    """Return the frame that scoring takes: keys, request fields, stored features and `event_at`."""
    values = merged_features(rows, stored)
    frame: dict[str, Column] = dict(rows.columns)
    frame.update({name: values[:, position] for name, position in live.schema.stored.items()})
    frame["event_at"] = np.full(rows.count, event_at)
    return frame


def merged_features(rows: Rows, stored: StoredRows) -> Floats:
    """Return the stored features [rows, columns] with those that the caller sent in their place."""
    merged: Floats = np.where(rows.is_given, rows.stored, stored.values)
    return merged


async def _score(live: LiveRelease, frame: dict[str, Column]) -> Scored | None:
    """Score small requests here and large ones in a thread; None when the engine refuses."""
    try:
        if len(frame["event_at"]) <= _INLINE_ROWS:
            return score(live.bundle, frame)
        return await asyncio.to_thread(score, live.bundle, frame)
    except BundleError:
        return None


def _verdict(
    live: LiveRelease, stored: StoredRows, gaps: Gaps, ages: Ages, scored: Scored | None, *, place: int, position: int
) -> Verdict | Reason:
    if scored is None:
        return "engine_error"
    if not scored.is_valid[place]:
        return "invalid_score"
    missing = _missing_views(live, gaps, position)
    is_stale = bool(ages.is_stale[position])
    return Verdict(
        score=float(scored.score[place]),
        uncertainty=known(float(scored.uncertainty[place])),
        is_valid=True,
        model_version=live.release.model_version,
        as_of=stored.snapshot.as_of if stored.snapshot else None,
        age_s=known(float(ages.age_s[position])),
        max_age_s=known(float(ages.max_age_s[position])),
        is_stale=is_stale,
        action_allowed=not is_stale,
        reason="stale_features" if is_stale else "missing_features" if missing else None,
        missing_features=missing,
    )


def _missing_views(live: LiveRelease, gaps: Gaps, position: int) -> tuple[str, ...]:
    if not gaps.is_missing[position].any():
        return ()
    views = live.product.features.views
    return tuple(use.view for use, gone in zip(views, gaps.is_missing[position].tolist(), strict=True) if gone)
