"""Rows with their stored features become verdicts by the model; rows it cannot answer are named with the reason."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from platform_assets.contract.prediction_log import Reason
from platform_assets.inference.frame import Floats, take_rows
from platform_assets.inference.scoring import prepare_matrix
from platform_assets.serving.cache.prediction_cache import CachedScores
from platform_assets.serving.inputs import Inputs
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.stored import Ages, Flags, feature_ages, unknown_ages
from platform_assets.serving.verdict import Verdict, known

Judged = Verdict | Reason
Stages = list[tuple[str, float]]
_NOTHING: tuple[str, ...] = ()


class Judgement(NamedTuple):
    """One verdict or reason per row, in order, and the seconds that the stages on the way took.

    Calls that were judged together each carry the stages of all of them: that is how long each of them waited.
    """

    results: list[Judged]
    stages: Stages


@dataclass(frozen=True, slots=True)
class Case:
    """Rows on their way through the model: it is asked about `positions`; `reasons` tell per row why not."""

    live: LiveRelease
    inputs: Inputs
    positions: list[int]
    reasons: list[Reason | None]


def open_case(live: LiveRelease, inputs: Inputs) -> Case:
    """Return which rows the model can be asked about.

    Without the store a row that needed it cannot be answered. With it, a row whose every view is missing cannot,
    unless the request holds inputs of the model.
    """
    reasons = _reasons(live, inputs)
    return Case(live, inputs, [at for at, reason in enumerate(reasons) if reason is None], reasons)


def case_matrix(case: Case) -> Floats:
    """Return the model's matrix of the rows that it is asked about, in order."""
    frame = case.inputs.frame(case.live)
    if len(case.positions) < case.inputs.count:
        frame = take_rows(frame, np.array(case.positions))
    return prepare_matrix(case.live.bundle, frame)


def close_case(case: Case, scored: CachedScores | Reason) -> list[Judged]:
    """Return a verdict, or the reason for a fallback, per row and in order; a reason in place of scores is of all."""
    results: list[Judged | None] = list(case.reasons)
    if not isinstance(scored, CachedScores):
        return [scored if result is None else result for result in results]
    for at, verdict in zip(case.positions, _verdicts(case, scored), strict=True):
        results[at] = verdict
    return [result for result in results if result is not None]


def _reasons(live: LiveRelease, inputs: Inputs) -> list[Reason | None]:
    is_missing = inputs.needed & ~inputs.found
    if not is_missing.any():
        return [None] * inputs.count
    is_needed: Flags = np.any(inputs.needed, axis=1)
    knows_nothing: Flags = np.all(is_missing, axis=1) & ~inputs.has_sent
    return [
        _reason(failure if needed else None, is_unknown=unknown and not live.schema.is_scored_by_request_alone)
        for failure, needed, unknown in zip(inputs.failures, is_needed.tolist(), knows_nothing.tolist(), strict=True)
    ]


def _reason(failure: Reason | None, *, is_unknown: bool) -> Reason | None:
    return failure or ("unknown_entity" if is_unknown else None)


def _verdicts(case: Case, cached: CachedScores) -> list[Judged]:
    inputs, positions, scored = case.inputs, case.positions, cached.scored
    ages = _ages(case)
    missing = _missing_views(case.live, inputs.needed & ~inputs.found)
    rows = zip(
        positions,
        scored.score.tolist(),
        scored.uncertainty.tolist(),
        scored.is_valid.tolist(),
        cached.is_hit.tolist(),
        strict=True,
    )
    age_s, max_age_s, is_stale = (column.tolist() for column in ages)
    return [
        Verdict(
            score=score,
            uncertainty=known(uncertainty),
            is_valid=True,
            model_version=case.live.release.model_version,
            as_of=inputs.as_of[at],
            age_s=known(age_s[at]),
            max_age_s=known(max_age_s[at]),
            is_stale=is_stale[at],
            action_allowed=not is_stale[at],
            reason="stale_features" if is_stale[at] else "missing_features" if missing[at] else None,
            missing_features=missing[at],
            cache_hit=is_hit,
        )
        if is_valid
        else "invalid_score"
        for at, score, uncertainty, is_valid, is_hit in rows
    ]


def _ages(case: Case) -> Ages:
    inputs = case.inputs
    is_read = inputs.needed & inputs.found
    if not is_read.any():
        return unknown_ages(inputs.count)
    event_times = np.where(is_read, inputs.event_times, np.nan)
    return feature_ages(event_times, case.live.age_limits_s, inputs.event_at[:, np.newaxis])


def _missing_views(live: LiveRelease, is_missing: Flags) -> list[tuple[str, ...]]:
    if not is_missing.any():
        return [_NOTHING] * len(is_missing)
    views = live.product.features.views
    return [tuple(use.view for use, gone in zip(views, row, strict=True) if gone) for row in is_missing.tolist()]
