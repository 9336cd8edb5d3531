"""Judges features and scores by their figures: what is drift, what is chance, and what is too little to tell."""

import math
from collections.abc import Mapping, Sequence

from platform_assets.inference.frame import Column
from platform_assets.monitoring.drift.compare import Pair, Shape, is_text, pair_of, shape_of
from platform_assets.monitoring.drift.figures import LEVELS, SCORE, DriftLevel, DriftLevels, FeatureDrift, worst
from platform_assets.statistics.chance import ks_by_chance, psi_by_chance, share_by_chance
from platform_assets.statistics.moments import Moments
from platform_assets.statistics.significance import false_discovery

_Z = 3.09  # the normal quantile of 0.999
_Verdict = tuple[DriftLevel, str]


def judge_inputs(
    reference: Mapping[str, Column],
    current: Mapping[str, Column],
    levels: DriftLevels = LEVELS,
    *,
    independent: tuple[float, float] = (1.0, 1.0),
) -> tuple[FeatureDrift, ...]:
    """Return the verdict on every feature that both sides have, in the order of the reference.

    Columns are float64 (missing: NaN) or objects (text, missing: None), on each side of one length. `independent` are
    the shares of the rows of each side that are not repetitions of an entity: chance goes by these. Whatever columns
    hold, nothing is raised: what cannot be judged passes and says why.
    """
    names = [name for name in reference if name in current and is_text(reference[name]) == is_text(current[name])]
    pairs = {name: pair_of(reference[name], current[name], independent=independent) for name in names}
    shapes = {name: shape_of(pair) for name, pair in pairs.items() if _has_values(pair, levels)}
    corrected = dict(zip(shapes, false_discovery([shape.p_value for shape in shapes.values()]), strict=True))
    return tuple(
        _feature(name, pair, shapes.get(name), corrected.get(name, 1.0), levels) for name, pair in pairs.items()
    )


def judge_score(
    reference: Column,
    current: Column,
    *,
    stands_for: int | None = None,
    independent: tuple[float, float] = (1.0, 1.0),
    levels: DriftLevels = LEVELS,
) -> FeatureDrift:
    """Return the verdict on scores beside reference scores, which may evenly stand for more rows than they are.

    By the distance of the distributions beyond chance and by the mean. Classes are given as text.
    """
    pair = pair_of(reference, current, stands_for=stands_for, independent=independent)
    if not _has_values(pair, levels):
        return _unjudged(SCORE, pair, levels)
    shape = shape_of(pair)
    beyond = shape.ks - ks_by_chance(*pair.sizes)
    verdicts = [
        _level(beyond, levels.score_shift, f"{shape.ks:.0%} of the scores lie elsewhere"),
        _moved(shape, levels),
    ]
    return _told(SCORE, pair, shape, shape.p_value, verdicts)


def _feature(name: str, pair: Pair, shape: Shape | None, q_value: float, levels: DriftLevels) -> FeatureDrift:
    if min(pair.rows, pair.reference_rows) < levels.least_rows:
        return _unjudged(name, pair, levels)
    verdicts = [_missing(pair, levels)]
    if shape is None:
        if max(pair.reference_present, len(pair.current)) < levels.least_rows:
            return _unjudged(name, pair, levels)
        return _told(name, pair, None, None, verdicts)
    is_other = q_value <= levels.discovery_rate and _has_effect(pair, shape, levels)
    verdicts += [_moved(shape, levels), _spread(shape, levels), _other_shape(shape, levels, is_other=is_other)]
    return _told(name, pair, shape, q_value, verdicts)


def _has_values(pair: Pair, levels: DriftLevels) -> bool:
    return min(len(pair.current), pair.reference_present) >= levels.least_rows and len(pair.reference) > 0


def _has_effect(pair: Pair, shape: Shape, levels: DriftLevels) -> bool:
    chance = psi_by_chance(shape.psi_bins, *pair.sizes)
    return shape.ks >= levels.least_distance or shape.psi - chance >= levels.least_psi


def _missing(pair: Pair, levels: DriftLevels) -> _Verdict:
    before, now = pair.missing
    rows, others = pair.rows * pair.independent[1], pair.reference_rows * pair.independent[0]
    size = 1.0 / (1.0 / rows + 1.0 / others)
    both = (before * pair.reference_rows + now * pair.rows) / (pair.reference_rows + pair.rows)
    beyond = abs(now - before) - share_by_chance(both, max(int(size), 1))
    return _level(beyond, levels.missing, f"{now:.0%} is missing, {before:.0%} was")


def _moved(shape: Shape, levels: DriftLevels) -> _Verdict:
    if shape.moments is None or shape.mean_sigmas is None or not _is_beyond_chance(*shape.moments):
        return "pass", ""
    side = "higher" if shape.moments[1].mean > shape.moments[0].mean else "lower"
    return _level(shape.mean_sigmas, levels.sigmas, f"the mean is {shape.mean_sigmas:.1f} sigmas {side}")


def _spread(shape: Shape, levels: DriftLevels) -> _Verdict:
    if shape.moments is None or shape.spread_times is None:
        return "pass", ""
    side = "larger" if shape.moments[1].deviation > shape.moments[0].deviation else "smaller"
    return _level(shape.spread_times, levels.times, f"the spread is {shape.spread_times:.1f} times {side}")


def _other_shape(shape: Shape, levels: DriftLevels, *, is_other: bool) -> _Verdict:
    """Judge the distribution itself; it fails for a number that was constant or is, and for categories."""
    if not is_other:
        return "pass", ""
    told = f"{shape.ks:.0%} of the rows lie elsewhere, PSI {shape.psi:.2f}"
    if shape.moments is None:
        return worst(("warn", _level(shape.ks, levels.categories, "")[0])), told
    before, now = shape.moments
    if now.deviation == 0.0 < before.deviation:
        return "fail", f"it is always {now.mean:g} and varied before"
    if before.deviation == 0.0:
        return worst(("warn", _level(shape.ks, levels.categories, "")[0])), f"it was always {before.mean:g}; {told}"
    return "warn", told


def _is_beyond_chance(before: Moments, now: Moments) -> bool:
    errors = math.hypot(now.deviation / math.sqrt(now.rows), before.deviation / math.sqrt(before.rows))
    return abs(now.mean / 2.0 - before.mean / 2.0) > _Z * errors / 2.0


def _level(value: float, bounds: tuple[float, float], told: str) -> _Verdict:
    warn, fail = bounds
    if value > fail:
        return "fail", told
    return ("warn", told) if value > warn else ("pass", "")


def _told(
    name: str, pair: Pair, shape: Shape | None, q_value: float | None, verdicts: Sequence[_Verdict]
) -> FeatureDrift:
    before, now = shape.moments if shape and shape.moments else (None, None)
    return FeatureDrift(
        name=name,
        level=worst(level for level, _ in verdicts),
        told="; ".join(told for _, told in verdicts if told) or "as in the reference",
        is_judged=True,
        rows=len(pair.current),
        reference_rows=pair.reference_present,
        missing_ratio=pair.missing[1],
        reference_missing_ratio=pair.missing[0],
        mean=now.mean if now else None,
        reference_mean=before.mean if before else None,
        deviation=now.deviation if now else None,
        reference_deviation=before.deviation if before else None,
        mean_sigmas=shape.mean_sigmas if shape else None,
        spread_times=shape.spread_times if shape else None,
        psi=shape.psi if shape else None,
        ks=shape.ks if shape else None,
        wasserstein_sigmas=shape.wasserstein_sigmas if shape else None,
        p_value=shape.p_value if shape else None,
        q_value=q_value,
    )


def _unjudged(name: str, pair: Pair, levels: DriftLevels) -> FeatureDrift:
    told = f"not enough rows: {len(pair.current)} with a value, {pair.reference_present} to compare with"
    return FeatureDrift(
        name=name,
        level="pass",
        told=f"{told}; {levels.least_rows} of each are needed",
        is_judged=False,
        rows=len(pair.current),
        reference_rows=pair.reference_present,
    )
