"""A home with a training set, published batches and logged answers, whose distributions are given."""

import dataclasses
import datetime as dt
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from platform_assets.contract.guardrails import DEFAULT_LIMITS, SwitchedOff
from platform_assets.inference.release import Release
from platform_assets.inference.score_reference import REFERENCE_FILE
from platform_assets.lakehouse.publish import append_once
from platform_assets.ledger.manifest import record
from platform_assets.monitoring.drift.assess import assess_drift
from platform_assets.monitoring.drift.figures import Comparison, DriftReport
from platform_assets.monitoring.log_rows import PARTITIONS, log_rows
from platform_assets.training.score_reference import make_reference
from tests.unit.batch.batch_home import AS_OF, WALL, BatchHome, facts, unreleased_home
from tests.unit.serving.conftest import Publisher
from tests.unit.serving.test_prediction_log import ENTRY

DAY = dt.timedelta(days=1)
LIVE_AT = WALL + DAY
CUSTOMERS = [str(number) for number in range(1000, 1150)]
MOVED = "order_count"
_STRUCTURE = {"schema", "identity", "row_count", "coverage", "foreign_rows", "unique_rows", "value_range"}
_OF_SCORES = [name for name in DEFAULT_LIMITS if name not in _STRUCTURE]


class DriftHome:
    """Everything is normal around 10 with a deviation of 2, unless a test moves it."""

    def __init__(self, root: Path) -> None:
        """Train and release; nothing is scored and nothing is asked yet."""
        self._random = np.random.default_rng(7)
        self.home: BatchHome = _unguarded(unreleased_home(root))
        self.settings, self.ledger, self.product = self.home.settings, self.home.ledger, self.home.product
        self.home.write_customers(CUSTOMERS)
        self.training_set = self._train()
        reference = make_reference(
            self._random.beta(2, 5, 3000), labels=np.zeros(3000), as_of=np.full(3000, np.datetime64("2011-01-01"))
        )
        files = {REFERENCE_FILE: msgspec.json.encode(reference)}
        self.release: Release = Publisher(self.settings.home).publish("churn", files=files)
        self.home.record("release", "churn", self.release.release_id, [])
        self._commits = 0

    def batch(self, day: dt.datetime = AS_OF, *, shift: float = 0.0) -> None:
        """Publish the batch of a day, with all features moved by so many sigmas."""
        values = self._random.normal(10.0 + 2.0 * shift, 2.0, len(CUSTOMERS))
        made = dict(zip(CUSTOMERS, values.tolist(), strict=True))
        self.home.write_features(made, day=day - DAY, known_at=day - DAY)
        outcome = self.home.run(day, run_id=f"run-{day.date()}")
        assert outcome.published is not None, outcome.refusal()

    def answer(self, count: int = 400, *, shift: float = 0.0, days_ago: float = 0.5) -> None:
        """Log so many answers, one feature of which is moved."""
        self._commits += 1
        columns = self.product.stored_columns
        at = LIVE_AT - days_ago * DAY
        center = [10.0 + (2.0 * shift if name == MOVED else 0.0) for name in columns]
        rows = self._random.normal(center, 2.0, (count, len(columns)))
        instants = [place for place, name in enumerate(columns) if name.endswith("_at")]
        rows[:, instants] = (AS_OF - 10 * DAY).timestamp()
        scores = self._random.beta(2, 5, count).tolist()
        entries = [
            msgspec.structs.replace(
                ENTRY,
                prediction_id=f"p{self._commits}-{place}",
                row_keys={"customer_id": str(place)},
                event_at=AS_OF,
                predicted_at=at,
                score=score,
                features=row,
                release_id=self.release.release_id,
            )
            for place, (score, row) in enumerate(zip(scores, rows.tolist(), strict=True))
        ]
        append_once(
            self.settings.prediction_log_dir,
            log_rows(entries),
            app_id="log",
            version=self._commits,
            partition_by=PARTITIONS,
            metadata={},
            fsync=False,
        )

    def assess(self, at: dt.datetime = LIVE_AT) -> dict[Comparison, DriftReport]:
        return {one.comparison: one for one in assess_drift(self.settings, self.ledger, self.product, at=at)}

    def _train(self) -> Path:
        count = 3000
        instant = pa.timestamp("us", tz="UTC")
        columns = {
            name: pa.repeat(pa.scalar(AS_OF - 10 * DAY, instant), count)
            if name.endswith("_at")
            else pa.array(self._random.normal(10.0, 2.0, count))
            for name in self.product.stored_columns
        }
        keys = {
            "customer_id": pa.array([str(place) for place in range(count)]),
            "event_at": pa.repeat(pa.scalar(AS_OF, instant), count),
        }
        path = self.settings.training_dir / "churn" / "set.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(pa.table({**keys, **columns}), path)
        record(self.ledger, facts(), kind="training_set", name="churn", digest="a" * 64, uri=str(path), inputs=[])
        return path


def _unguarded(home: BatchHome) -> BatchHome:
    """Return the home with a product whose batches no guardrail on scores refuses: here the inputs are looked at."""
    off = tuple(SwitchedOff(guardrail=name, reason="a test moves its batches") for name in _OF_SCORES)
    guardrails = msgspec.structs.replace(home.product.guardrails, off=off)
    return dataclasses.replace(home, product=msgspec.structs.replace(home.product, guardrails=guardrails))
