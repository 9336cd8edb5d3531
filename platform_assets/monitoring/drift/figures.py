"""What drift is told in: figures of one feature or score, and the report of one comparison of a product."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec

from platform_assets.monitoring.drift.score_bins import ScoreBin

Comparison = Literal[
    "batch_from_training",  # inputs and scores of the published batch, beside the training set of its release
    "live_from_training",  # inputs and scores of logged answers, beside the training set of their release
    "live_from_batch",  # inputs and scores of logged answers, beside those of the published batch
    "batch_from_last",  # inputs and scores of the published batch, beside those of the batches before
    "live_from_last",  # scores of logged answers, beside those of the same time before
]
DriftLevel = Literal["pass", "warn", "fail"]
SCORE = "score"
_ORDER: tuple[DriftLevel, ...] = ("pass", "warn", "fail")


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftLevels:
    """From where on a difference is drift: it warns at the first level and fails at the second.

    `sigmas` are moves of a mean in standard deviations of the reference, `times` the factor by which a standard
    deviation grew or shrank, both only where chance does not explain them. A distribution has another shape when the
    false discovery rate of its KS test is at most `discovery_rate` and its effect is not small: a distance of
    `least_distance` or an index of `least_psi` beyond chance. `missing` are shares of rows, `score_shift` is the
    distance of the distributions of scores beyond chance, `categories` the share of rows that lie in other categories.
    """

    sigmas: tuple[float, float] = (2.0, 3.0)
    times: tuple[float, float] = (2.0, 3.0)
    missing: tuple[float, float] = (0.10, 0.25)
    score_shift: tuple[float, float] = (0.10, 0.25)
    categories: tuple[float, float] = (0.20, 0.50)
    discovery_rate: float = 0.05
    least_distance: float = 0.20
    least_psi: float = 0.25
    least_rows: int = 30


LEVELS = DriftLevels()


class FeatureDrift(msgspec.Struct, frozen=True, kw_only=True):
    """One feature, or the score, beside its reference; None is what cannot be told.

    `level` and `told` are the verdict; without `is_judged` it passes and `told` says what is missing. `rows` have a
    value, `missing_ratio` of all rows have none. `spread_times` is the factor between the standard deviations beyond
    chance, `wasserstein_sigmas` the mean move of a value in standard deviations of the reference. `q_value` is the
    p-value corrected for the number of features.
    """

    name: str
    level: DriftLevel
    told: str
    is_judged: bool
    rows: int = 0
    reference_rows: int = 0
    missing_ratio: float | None = None
    reference_missing_ratio: float | None = None
    mean: float | None = None
    reference_mean: float | None = None
    deviation: float | None = None
    reference_deviation: float | None = None
    mean_sigmas: float | None = None
    spread_times: float | None = None
    psi: float | None = None
    ks: float | None = None
    wasserstein_sigmas: float | None = None
    p_value: float | None = None
    q_value: float | None = None


class DriftReport(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison of a product. `window` is the as-of day of a batch, the last day of live answers.

    `features` are the model's inputs in declared order; instants, and what is only the hour or weekday of one, are left
    out. `told` says why nothing, or why no feature, was compared.
    """

    product: str
    comparison: Comparison
    window: dt.date
    release_id: str = ""
    model_version: int = 0
    rows: int = 0
    reference_rows: int = 0
    features: tuple[FeatureDrift, ...] = ()
    score: FeatureDrift | None = None
    score_bins: tuple[ScoreBin, ...] = ()
    told: str = ""

    @property
    def judged(self) -> int:
        """The number of features that were judged."""
        return sum(one.is_judged for one in self.features)

    @property
    def drifted(self) -> tuple[FeatureDrift, ...]:
        """The features that drifted, those that fail first."""
        found = [one for one in self.features if one.level != "pass"]
        return tuple(sorted(found, key=lambda one: -_ORDER.index(one.level)))

    @property
    def drift_rate(self) -> float | None:
        """The share of the judged features that drifted, None where none was judged."""
        return len(self.drifted) / self.judged if self.judged else None

    @property
    def data_level(self) -> DriftLevel:
        """The worst level of a feature."""
        return worst(one.level for one in self.features)

    @property
    def score_level(self) -> DriftLevel:
        """The level of the score; it passes where it was not judged."""
        return self.score.level if self.score else "pass"

    @property
    def asks_for_retraining(self) -> bool:
        """Whether scores are not distributed as in training any more, or a feature fails beside training."""
        is_from_training = self.comparison in {"batch_from_training", "live_from_training"}
        return is_from_training and (self.score_level != "pass" or self.data_level == "fail")


def worst(levels: Iterable[DriftLevel]) -> DriftLevel:
    """Return the worst of some levels; `pass` of none."""
    return max(levels, key=_ORDER.index, default="pass")
