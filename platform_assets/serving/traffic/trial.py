"""An experiment as the traffic sees it: several releases, and which of them answers a unit."""

from collections.abc import Mapping
from dataclasses import dataclass

from platform_assets.contract.experiments import Assigned, Chosen, Experiment, assign_text
from platform_assets.rollouts.experiments_course import ExperimentRecord
from platform_assets.serving.live_release import LiveRelease


@dataclass(frozen=True, slots=True)
class Trial:
    """A running experiment with the loaded release of each variant, by the variant's name."""

    record: ExperimentRecord
    lives: Mapping[str, LiveRelease]

    @property
    def experiment(self) -> Experiment:
        """What is compared."""
        return self.record.experiment

    def assigned(self, text: str, chosen: Chosen) -> tuple[LiveRelease, Assigned]:
        """Return the release that answers a unit, and what the prediction log keeps of that."""
        assigned = assign_text(self.experiment, text, chosen=chosen)
        return self.lives[assigned.variant], assigned

    def named(self, release_id: str) -> tuple[LiveRelease, Assigned] | None:
        """Return the release that a caller asks for by its id, None where no variant is that release."""
        for variant in self.experiment.variants:
            if variant.release == release_id:
                told = Assigned(experiment=self.experiment.id, variant=variant.name, chosen="override")
                return self.lives[variant.name], told
        return None
