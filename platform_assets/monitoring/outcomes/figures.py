"""How good predictions were, by what came true: each figure with its 95 % interval."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from platform_assets.contract.product import Product
from platform_assets.contract.score import ScoreKind
from platform_assets.statistics.bootstrap import Bootstrap, Interval
from platform_assets.statistics.distances import Floats
from platform_assets.statistics.share_interval import share_interval
from platform_assets.statistics.weighted_metrics import (
    Weighted,
    auc,
    brier,
    calibration_error,
    log_loss,
    mae,
    mean_of,
)

FigureName = Literal[
    "accuracy",  # share of labels that came true
    "auc",
    "brier",
    "log_loss",
    "calibration_error",  # mean gap of score and rate over ten bins of equal size
    "bias",  # mean score less mean truth: positive says too much
    "mae",
    "value",  # mean business value of a prediction
]
_SEED = 7
_BINS = 10


class Figure(msgspec.Struct, frozen=True):
    """A value with its 95 % interval over entities; the bounds are None where they are undefined."""

    value: float
    low: float | None
    high: float | None


class Bin(msgspec.Struct, frozen=True):
    """A tenth of the predictions by score: their mean score, and the rate or mean that came true."""

    score: float
    truth: float
    rows: int


@dataclass(frozen=True, slots=True)
class Sample:
    """Predictions with their outcomes, one element each; `right` and `value` are NaN where there is none."""

    score: Floats
    truth: Floats
    right: Floats
    value: Floats
    entities: npt.NDArray[np.object_]

    def at(self, places: npt.NDArray[np.int64]) -> "Sample":
        """Return the predictions at these places."""
        score, truth, right, value = (each[places] for each in (self.score, self.truth, self.right, self.value))
        return Sample(score, truth, right, value, self.entities[places])

    def __len__(self) -> int:
        """Return how many predictions there are."""
        return len(self.score)


def figures_of(product: Product, sample: Sample) -> dict[FigureName, Figure]:
    """Return what can be said of a product's predictions by the kind of its score; what is undefined is left out."""
    found: dict[FigureName, Figure | None] = {"accuracy": accuracy_of(sample)}
    bootstrap = Bootstrap(sample.entities, seed=_SEED)
    for name, metric in _metrics(product.score.kind, sample):
        found[name] = _figure(bootstrap.interval(metric))
    valued = np.isfinite(sample.value)
    found["value"] = _figure(Bootstrap(sample.entities[valued], seed=_SEED).interval(mean_of(sample.value[valued])))
    return {name: figure for name, figure in found.items() if figure is not None}


def accuracy_of(sample: Sample) -> Figure | None:
    """Return the share of labels that came true; None where no prediction carries one."""
    judged = np.isfinite(sample.right)
    return _figure(share_interval(sample.right[judged], sample.entities[judged]))


def mean_error_of(sample: Sample) -> Figure | None:
    """Return the mean absolute error; None without predictions."""
    return _figure(Bootstrap(sample.entities, seed=_SEED).interval(mae(sample.truth, sample.score)))


def reliability(sample: Sample) -> list[Bin]:
    """Return the predictions in ten bins of equal size by their score, beside what came true in each."""
    order = np.argsort(sample.score, kind="stable")
    parts = [part for part in np.array_split(order, _BINS) if part.size]
    return [Bin(float(sample.score[part].mean()), float(sample.truth[part].mean()), part.size) for part in parts]


def _metrics(kind: ScoreKind, sample: Sample) -> Iterator[tuple[FigureName, Weighted]]:
    if kind == "class" or not len(sample):
        return
    if kind == "probability":
        yield "auc", auc(sample.truth, sample.score)
        yield "brier", brier(sample.truth, sample.score)
        yield "log_loss", log_loss(sample.truth, sample.score)
        yield "calibration_error", calibration_error(sample.truth, sample.score)
    else:
        yield "mae", mae(sample.truth, sample.score)
    yield "bias", mean_of(sample.score - sample.truth)


def _figure(interval: Interval) -> Figure | None:
    if not np.isfinite(interval.value):
        return None
    low, high = (bound if np.isfinite(bound) else None for bound in (interval.low, interval.high))
    return Figure(interval.value, low, high)
