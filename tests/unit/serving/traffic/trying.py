"""An endpoint in this process in which an experiment between two releases is running."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from platform_assets.contract.assignment import Unit
from platform_assets.contract.experiments import Experiment, Metric, Variant
from platform_assets.contract.prediction_log import PredictionLogEntry
from platform_assets.inference.release import Release
from platform_assets.rollouts.experiments import create, read_experiment, start, stop
from platform_assets.rollouts.experiments_course import ExperimentRecord
from platform_assets.rollouts.experiments_report import ExperimentFigures
from platform_assets.rollouts.moves import Pointers
from platform_assets.serving.wire import Answer, Answers, PredictRequest
from tests.unit.serving.conftest import Endpoint, product_named
from tests.unit.serving.traffic.rolling import NEW_SCORE, OLD_SCORE, word

PRODUCT = "churn"


@dataclass(frozen=True)
class Trying:
    """The endpoint with the old release as control, in force, and the new one as treatment."""

    endpoint: Endpoint
    old: Release
    new: Release

    @property
    def pointers(self) -> Pointers:
        return Pointers(releases_dir=self.endpoint.publisher.releases_dir, fsync=False)

    @property
    def record(self) -> ExperimentRecord:
        return read_experiment(self.pointers.releases_dir, PRODUCT, "trial")

    @property
    def logged(self) -> list[PredictionLogEntry]:
        return self.endpoint.log.entries

    @property
    def figures(self) -> ExperimentFigures:
        return self.endpoint.parts.heart.traffic.watch.trials.report(PRODUCT)

    def start(self, experiment: Experiment) -> None:
        create(self.pointers, product_named(PRODUCT), experiment, word())
        start(self.pointers, PRODUCT, experiment.id, word())

    async def stop(self) -> None:
        stop(self.pointers, PRODUCT, "trial", word())
        await self.endpoint.parts.refresh()

    async def ask(self, *entities: str, request_id: str = "r", **headers: str) -> list[Answer]:
        request = PredictRequest(product=PRODUCT, entities=list(entities))
        raw = [(name.lower().replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        answers = await self.endpoint.parts.heart.predict(request, request_id=request_id, headers=raw)
        assert isinstance(answers, Answers)
        return answers.predictions


def trial(
    *,
    unit: Unit = "entity",
    share: float = 0.5,
    treatment: str = "v2",
    metrics: Sequence[Metric] = (Metric(name="error_rate", margin=0.002),),
    min_units: int = 50,
) -> Experiment:
    return Experiment(
        id="trial",
        product=PRODUCT,
        unit=unit,
        variants=(
            Variant(name="control", release="live", share=1.0 - share),
            Variant(name="treatment", release=treatment, share=share),
        ),
        metrics=tuple(metrics),
        min_units=min_units,
    )


async def begin_trial(
    endpoint: Endpoint,
    experiment: Experiment | None = None,
    *,
    files: Mapping[str, bytes] | None = None,
    constant: float | None = NEW_SCORE,
) -> Trying:
    """Return the endpoint after its first look at a running experiment."""
    old = endpoint.publisher.publish(PRODUCT, model_version=1, constant=OLD_SCORE)
    new = endpoint.publisher.publish(PRODUCT, model_version=2, constant=constant, files=files)
    endpoint.publisher.point_at(PRODUCT, old.release_id)
    endpoint.features.rows = {f"{number}": 4.0 for number in range(1000)}
    trying = Trying(endpoint, old, new)
    trying.start(experiment or trial())
    await endpoint.parts.refresh()
    return trying
