"""Made-up prediction logs of an experiment, in a home with staging files that know what came true."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.evaluation import Label
from platform_assets.contract.experiments import Experiment, Metric
from platform_assets.contract.prediction_log import PredictionLogEntry
from platform_assets.contract.product import Product
from platform_assets.lakehouse.publish import append_once
from platform_assets.monitoring.experiment_reading import ExperimentReading, read_outcomes
from platform_assets.monitoring.log_rows import PARTITIONS, log_rows
from platform_assets.rollouts.experiments import create, read_experiment, start
from platform_assets.rollouts.moves import Pointers
from platform_assets.settings import Settings
from tests.unit.rollouts.experiment_samples import AT, PRODUCT, comparison, two_releases, word
from tests.unit.serving.conftest import product_named
from tests.unit.serving.test_prediction_log import ENTRY

NOW = DATASETS["online_retail"].replay_now
LONG_AGO, LATELY = NOW - dt.timedelta(days=100), NOW - dt.timedelta(days=10)
SPENT = Label(
    sql="""
        select e.row_id, coalesce(sum(o.total_gbp), 0) as label
        from examples e left join orders o on o.customer_id = e.customer_id and o.ordered_at >= e.event_at
        group by e.row_id
    """,
    horizon_hours=24,
    description="What they spend afterwards.",
)
ERRORS, ACCURACY = Metric(name="error_rate", margin=0.002), Metric(name="accuracy", margin=0.01)
VALUE = Metric(name="value", margin=1.0, bounds=(0.0, 100.0))


def product_with_value(value: Label = SPENT, name: str = PRODUCT) -> Product:
    declared = product_named(name)
    assert declared.online is not None
    return msgspec.structs.replace(declared, online=msgspec.structs.replace(declared.online, value=value))


def answer(number: int, variant: str, **changes: object) -> PredictionLogEntry:
    """Return an answer for a customer of that number, in that variant, whose outcome is known by now."""
    entry = msgspec.structs.replace(
        ENTRY,
        prediction_id=f"{PRODUCT}-20111209-o-{variant}{number}",
        request_id=f"r{number}",
        entity_id=f"c{number}",
        row_keys={"customer_id": f"c{number}"},
        event_at=LONG_AGO,
        predicted_at=AT + dt.timedelta(seconds=number),
        score=0.9,
        label="likely_to_churn",
        request={},
        experiment_id="newer-model",
        variant=variant,
        chosen="unit",
    )
    return msgspec.structs.replace(entry, **changes)


@dataclass
class ExperimentHome:
    """A platform in which one experiment of two releases is running; nothing has been answered yet."""

    settings: Settings
    product: Product
    commits: int = 0

    def log(self, entries: Iterable[PredictionLogEntry]) -> None:
        self.commits += 1
        append_once(
            self.settings.prediction_log_dir,
            log_rows(list(entries)),
            app_id="test",
            version=self.commits,
            partition_by=PARTITIONS,
            metadata={},
            fsync=False,
        )

    def orders(self, orders: Mapping[str, float]) -> None:
        """Let these customers order for so many pounds 20 days after the instant of their answer."""
        self.stage(
            "orders",
            {
                "order_id": [f"o-{customer}" for customer in orders],
                "customer_id": list(orders),
                "ordered_at": pa.array(
                    [(LONG_AGO + dt.timedelta(days=20)).replace(tzinfo=None)] * len(orders), pa.timestamp("us")
                ),
                "total_gbp": list(orders.values()),
            },
        )

    def stage(self, name: str, columns: Mapping[str, Sequence[object] | pa.Array]) -> None:
        self.settings.staging_dir.mkdir(exist_ok=True)
        pq.write_table(pa.table(dict(columns)), self.settings.staging_dir / f"{name}.parquet")

    def read(self) -> ExperimentReading:
        record = read_experiment(self.settings.releases_dir, self.product.name, "newer-model")
        return read_outcomes(self.settings, self.product, record, at=AT + dt.timedelta(hours=1))


def experiment_home(home: Path, metrics: Sequence[Metric] = (ERRORS,), **changes: object) -> ExperimentHome:
    settings = Settings(home=home, fsync=False)
    pointers, *_ = two_releases(settings.releases_dir)
    made = ExperimentHome(settings, product_with_value())
    experiment: Experiment = comparison(metrics=tuple(metrics), **changes)
    create(pointers, made.product, experiment, word())
    start(pointers, PRODUCT, experiment.id, word())
    return made


def pointers_of(settings: Settings) -> Pointers:
    return Pointers(releases_dir=settings.releases_dir, fsync=False)
