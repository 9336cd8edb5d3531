"""The stages of the demo, in order: each runs jobs of the platform in its own Dagster instance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import dagster as dg

from platform_assets.commands.demo import STAGES
from platform_assets.commands.demo_predictions import predict_sample
from platform_assets.contract import names
from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.product import Product
from platform_assets.definitions import build_definitions
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.release import read_release
from platform_assets.orchestration.execution import end_killed_runs, open_instance, run_job, run_job_over
from platform_assets.orchestration.jobs import DRAIN_JOB, INGEST_JOB, feature_job_name
from platform_assets.orchestration.partitions import first_as_of, prediction_key
from platform_assets.orchestration.schedules import business_day
from platform_assets.processes.control import start_all
from platform_assets.processes.dagster_home import prepare_dagster_home
from platform_assets.settings import Settings

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Demo:
    """What every stage needs."""

    settings: Settings
    products: Sequence[Product]
    definitions: dg.Definitions
    instance: dg.DagsterInstance
    prediction_ids: list[str] = field(default_factory=list)

    @property
    def online(self) -> list[Product]:
        """The products that are served over HTTP."""
        return [product for product in self.products if product.online is not None]

    def run(self, job: str, partition_key: str | None = None) -> None:
        """Run a job to its end; raises RunFailedError."""
        run_job(self.definitions, self.instance, job, partition_key=partition_key)


Runner = Callable[[Demo, Report], None]


def fetch_and_stage(demo: Demo, report: Report) -> None:
    """Fetch the raw files and build the staging models."""
    report("raw files and staging models")
    demo.run(INGEST_JOB)


def build_features(demo: Demo, report: Report) -> None:
    """Build every feature view for all as-of days of its data set, one run each."""
    for dataset in DATASETS.values():
        first, last = first_as_of(dataset.name), business_day(dataset, demo.settings)
        report(f"feature views of {dataset.name}, {first} to {last}")
        run_job_over(
            demo.definitions,
            demo.instance,
            feature_job_name(dataset.name),
            first=first.isoformat(),
            last=last.isoformat(),
        )


def train(demo: Demo, report: Report) -> None:
    """Train, evaluate and release every product."""
    for product in demo.products:
        report(f"{product.name}: train, evaluate, release")
        demo.run(names.job_name(product.name, "train"))


def score(demo: Demo, report: Report) -> None:
    """Score and publish the due batch of every product with its live release."""
    for product in demo.products:
        live = read_live(demo.settings.releases_dir, product.name)
        if live is None:
            continue  # the train stage has failed for it already
        version = read_release(demo.settings.releases_dir, product.name, live.release_id).model_version
        day = business_day(DATASETS[product.dataset], demo.settings)
        report(f"{product.name}: score as of {day} with model version {version}")
        demo.run(names.job_name(product.name, "score"), prediction_key(day, version))
        demo.run(names.job_name(product.name, "publish"))


def go_online(demo: Demo, report: Report) -> None:
    """Start store and endpoint, publish the snapshots and deploy the releases."""
    start_all(demo.settings, only=("online_store", "endpoint"), report=report)
    for product in demo.online:
        report(f"{product.name}: snapshot to the online store, release to the endpoint")
        demo.run(names.job_name(product.name, "sync"))
        demo.run(names.job_name(product.name, "deploy"))


def predict(demo: Demo, report: Report) -> None:
    """Ask the endpoint over HTTP about a few rows of each online product."""
    start_all(demo.settings, only=("online_store", "endpoint"))
    for product in demo.online:
        answers = predict_sample(demo.settings, product)
        demo.prediction_ids.extend(str(answer["prediction_id"]) for answer in answers)
        report(f"{product.name}: {len(answers)} answers, first score {answers[0]['score']}")


def drain(demo: Demo, report: Report) -> None:
    """Move the logged answers of the endpoint into the lake."""
    report("prediction log: stream to lake")
    demo.run(DRAIN_JOB)


RUNNERS: dict[str, Runner] = dict(
    zip(STAGES, (fetch_and_stage, build_features, train, score, go_online, predict, drain), strict=True)
)


def open_demo(settings: Settings, products: Sequence[Product], prediction_ids: Sequence[str] = ()) -> Demo:
    """Return a demo over the platform's own Dagster instance."""
    instance = open_instance(prepare_dagster_home(settings))
    end_killed_runs(instance)
    return Demo(settings, products, build_definitions(settings, products), instance, list(prediction_ids))
