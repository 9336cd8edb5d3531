"""What one worker has counted of an experiment, and how it is added to what the others have."""

import msgspec

from platform_assets.experiments.histogram import Scale
from platform_assets.experiments.summary import Summary, Tally
from platform_assets.serving.traffic.outcome import Outcome


class TrialCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The sums of each variant of one experiment; those of several workers are added up."""

    experiment_id: str
    variants: dict[str, Summary] = {}

    def __add__(self, other: "TrialCounts") -> "TrialCounts":
        """Return the sums of both; what was counted of another experiment says nothing about this one."""
        if self.experiment_id != other.experiment_id:
            return self
        names = self.variants.keys() | other.variants.keys()
        none = Summary()
        sums = {name: self.variants.get(name, none) + other.variants.get(name, none) for name in names}
        return TrialCounts(experiment_id=self.experiment_id, variants=sums)


class TrialTally:
    """Counts one experiment in one worker, cheap to add to."""

    def __init__(self, experiment_id: str, scale: Scale, *, before: TrialCounts | None = None) -> None:
        """Start where the worker that this one replaces ended, if it counted the same experiment."""
        self.experiment_id = experiment_id
        self._scale = scale
        self._before = TrialCounts(experiment_id=experiment_id)
        if before is not None:
            self._before += before
        self._tallies: dict[str, Tally] = {}

    def count(self, variant: str, outcome: Outcome) -> None:
        """Count an answer of a variant."""
        tally = self._tallies.get(variant)
        if tally is None:
            tally = self._tallies[variant] = Tally(self._scale)
        tally.count_answer(outcome.latency_ms, failed=outcome.is_failed)
        for score in outcome.scores:
            tally.count_score(score)

    def counts(self) -> TrialCounts:
        """Return the sums so far; later answers do not change them."""
        own = {name: tally.summary() for name, tally in self._tallies.items()}
        return self._before + TrialCounts(experiment_id=self.experiment_id, variants=own)
