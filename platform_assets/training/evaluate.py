"""Judges a pair on the test rows, through the same scoring path that serves, beside its baselines."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from platform_assets.contract.evaluation import Metric
from platform_assets.contract.product import Product
from platform_assets.inference.frame import Floats, Frame
from platform_assets.inference.pair import Pair
from platform_assets.inference.scoring import Scored, score
from platform_assets.statistics.bootstrap import Bootstrap, Interval
from platform_assets.training.baselines import baseline_metrics, score_baseline
from platform_assets.training.evaluation import MODEL, Calibrated, Comparison, Evaluation, Measurement
from platform_assets.training.metrics import METRICS_BY_KIND, advantage, prepare_metric
from platform_assets.training.threshold import at_threshold

_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Contest:
    """The test rows of one slice, with everybody's scores of them."""

    name: str
    label: Floats
    entities: "npt.NDArray[np.object_]"
    model: Floats
    others: dict[str, tuple[Floats, tuple[Metric, ...]]]
    seed: int


def evaluate(product: Product, pair: Pair, train: Frame, test: Frame, *, seed: int) -> Evaluation:
    """Measure a pair and its baselines on the test rows, per slice, with intervals over entities.

    The frames hold `label` and the product's on-demand features. The same arguments give the same numbers.
    """
    scored = score(pair, test)
    contests = list(_contests(pair, scored, train, test, seed))
    return Evaluation(
        product=product.name,
        train_rows=len(train["label"]),
        test_rows=len(test["label"]),
        train_mean_label=float(train["label"].mean()),
        test_mean_label=float(test["label"].mean()),
        invalid_rows=int((~scored.is_valid).sum()),
        measurements=[found for contest in contests for found in _measurements(product, contest)],
        comparisons=[found for contest in contests for found in _comparisons(contest)],
        calibration=_calibrated(pair, scored, test),
        interval_coverage=_interval_coverage(product, scored, test["label"]),
        at_threshold=at_threshold(product, test["label"], np.where(scored.is_valid, scored.score, np.nan)),
    )


def _contests(pair: Pair, scored: Scored, train: Frame, test: Frame, seed: int) -> Iterator[_Contest]:
    product = pair.product
    model = np.where(scored.is_valid, scored.score, np.nan)
    if product.score.kind == "class":
        model = _class_values(pair, model, train)
    others = {
        b.name: (score_baseline(product, b, train, test), baseline_metrics(product, b)) for b in product.baselines
    }
    for name, rows in slices_of(product, test):
        parts = {other: (scores[rows], metrics) for other, (scores, metrics) in others.items()}
        yield _Contest(name, test["label"][rows], test[product.entity.row_keys[0]][rows], model[rows], parts, seed)


def slices_of(product: Product, test: Frame) -> Iterator[tuple[str, _Mask]]:
    """Yield the name and the rows of each slice, first `all`; the frame holds the product's on-demand features."""
    yield "all", np.ones(len(test["label"]), dtype=np.bool_)
    for part in product.slices:
        column = test[part.column]
        yield part.name, (column >= part.low) & (column <= part.high)


def _measurements(product: Product, contest: _Contest) -> Iterator[Measurement]:
    scorers = {MODEL: (contest.model, METRICS_BY_KIND[product.score.kind]), **contest.others}
    for scorer, (scores, metrics) in scorers.items():
        for metric in metrics:
            # Coverage asks which rows have a score; every other metric can only speak of those that do.
            rows = np.isfinite(scores) | (metric == "coverage")
            measure = prepare_metric(metric, contest.label[rows], scores[rows])
            found = Bootstrap(contest.entities[rows], seed=contest.seed).interval(measure)
            yield Measurement(
                slice=contest.name, scorer=scorer, metric=metric, rows=int(rows.sum()), **_named(found, "value")
            )


def _comparisons(contest: _Contest) -> Iterator[Comparison]:
    for baseline, (scores, metrics) in contest.others.items():
        rows = np.isfinite(scores) & np.isfinite(contest.model)
        bootstrap = Bootstrap(contest.entities[rows], seed=contest.seed)
        ones = np.ones(int(rows.sum()))
        for metric in metrics:
            model = prepare_metric(metric, contest.label[rows], contest.model[rows])
            other = prepare_metric(metric, contest.label[rows], scores[rows])
            found = bootstrap.interval(advantage(metric, model, other))
            yield Comparison(
                slice=contest.name,
                baseline=baseline,
                metric=metric,
                model=_number(model(ones)),
                other=_number(other(ones)),
                rows=len(ones),
                **_named(found, "advantage"),
            )


def _class_values(pair: Pair, classes: Floats, train: Frame) -> Floats:
    """Return for each row the mean training label of its class: a class has no order of its own to be judged by."""
    known, label = score(pair, train).score, train["label"]
    values = np.full(classes.shape, np.nan)
    for name in np.unique(known[np.isfinite(known)]):
        values[classes == name] = label[known == name].mean()
    return values


def _calibrated(pair: Pair, after: Scored, test: Frame) -> Calibrated | None:
    if pair.calibration is None or pair.product.score.kind != "probability":
        return None
    label, before = test["label"], score(dataclasses.replace(pair, calibration=None, uncertainty=None), test)
    ones = np.ones(len(label))
    return Calibrated(
        mean_score_before=float(before.score.mean()),
        mean_score_after=float(after.score.mean()),
        error_before=prepare_metric("calibration_error", label, before.score)(ones),
        error_after=prepare_metric("calibration_error", label, after.score)(ones),
        brier_before=prepare_metric("brier", label, before.score)(ones),
        brier_after=prepare_metric("brier", label, after.score)(ones),
    )


def _interval_coverage(product: Product, scored: Scored, label: Floats) -> float | None:
    """Return the share of test rows whose truth lies within score +- uncertainty; 0.8 is aimed at."""
    if product.score.kind != "estimate" or not np.isfinite(scored.uncertainty).any():
        return None
    return float((np.abs(label - scored.score) <= scored.uncertainty).mean())


def _named(interval: Interval, name: str) -> dict[str, float | None]:
    return {name: _number(interval.value), "low": _number(interval.low), "high": _number(interval.high)}


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
