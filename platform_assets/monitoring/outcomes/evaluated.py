"""What the evaluation of a release promised on its test rows, beside which outcomes are held."""

import msgspec

from platform_assets.contract.evaluation import Metric
from platform_assets.inference.release import Release
from platform_assets.registry.versions import judgement_path
from platform_assets.settings import Settings

_MODEL, _ALL = "model", "all"


class _Measurement(msgspec.Struct, frozen=True):
    slice: str
    scorer: str
    metric: Metric
    value: float | None


class _AtThreshold(msgspec.Struct, frozen=True):
    precision: float | None
    recall: float | None


class Evaluated(msgspec.Struct, frozen=True):
    """The numbers of an evaluation that outcomes can be held against; it was measured on test rows."""

    test_rows: int
    test_mean_label: float
    measurements: list[_Measurement] = []
    at_threshold: _AtThreshold | None = None

    def of_model(self, metric: Metric, *, slice_name: str = _ALL) -> float | None:
        """Return a metric of the model on a slice, None where it was not measured or is undefined."""
        wanted = (_MODEL, metric, slice_name)
        found = (each.value for each in self.measurements if (each.scorer, each.metric, each.slice) == wanted)
        return next(found, None)

    @property
    def accuracy(self) -> float | None:
        """The share of test rows whose label by the threshold came true; None without a threshold.

        It follows from precision, recall and the rate of positives, save where no row that was named is one.
        """
        if self.at_threshold is None:
            return None
        precision, recall, rate = self.at_threshold.precision, self.at_threshold.recall, self.test_mean_label
        if precision is None:  # no row was named
            return 1.0 - rate
        if recall is None or precision == 0.0:
            return None
        hits = recall * rate
        return 1.0 - (rate - hits) - (hits / precision - hits)


class _Judged(msgspec.Struct, frozen=True):
    evaluation: Evaluated


def evaluation_of(settings: Settings, release: Release) -> Evaluated | None:
    """Return what was measured when the pair of a release was trained, None where nobody kept that."""
    path = judgement_path(settings.home / release.bundle_path)
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Judged).evaluation
    except (FileNotFoundError, msgspec.DecodeError):
        return None
