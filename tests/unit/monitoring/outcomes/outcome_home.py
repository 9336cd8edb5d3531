"""A platform with a batch that consumers read and answers in the log, whose customers come back or not."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pyarrow as pa

from platform_assets.contract.prediction_log import PredictionLogEntry
from platform_assets.contract.product import Product
from platform_assets.lakehouse.publish import append_once
from platform_assets.ledger.database import Ledger
from platform_assets.monitoring.log_rows import PARTITIONS, log_rows
from platform_assets.monitoring.outcomes.join import Joined, join_outcomes
from platform_assets.monitoring.outcomes.table import read_outcomes
from platform_assets.settings import Settings
from tests.unit.batch.batch_home import AS_OF, CUSTOMERS, WALL, BatchHome, make_home
from tests.unit.features.feature_samples import Row, write_build
from tests.unit.serving.test_prediction_log import ENTRY

DAY = dt.timedelta(days=1)
KNOWN = AS_OF + 90 * DAY  # the windows of what was predicted at AS_OF are over


@dataclass
class OutcomeHome:
    """A home with a release of churn in force; nothing was predicted yet."""

    home: BatchHome
    commits: int = 0

    @property
    def settings(self) -> Settings:
        return self.home.settings

    @property
    def ledger(self) -> Ledger:
        return self.home.ledger

    @property
    def product(self) -> Product:
        return self.home.product

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

    def come_back(self, customers: Sequence[str], *, after: dt.timedelta = 20 * DAY) -> None:
        """Let these customers, and no others, buy again so long after AS_OF."""
        before = AS_OF - 12 * DAY
        rows: list[Row] = [{"order_id": f"o-{n}", "customer_id": n, "ordered_at": before} for n in CUSTOMERS]
        rows += [{"order_id": f"again-{n}", "customer_id": n, "ordered_at": AS_OF + after} for n in customers]
        write_build(self.settings.staging_dir / "orders.parquet", rows)

    def join(self, known_until: dt.datetime = KNOWN, *, at: dt.datetime = WALL + DAY) -> Joined:
        return join_outcomes(self.settings, self.ledger, self.product, known_until=known_until, at=at)

    def outcomes(self) -> pa.Table:
        return read_outcomes(self.settings, self.product.name)


def outcome_home(root: Path) -> OutcomeHome:
    return OutcomeHome(make_home(root))


def answer(number: int | str, **changes: object) -> PredictionLogEntry:
    """Return an answer for the customer of that number, given for AS_OF, that says that they leave."""
    entry = msgspec.structs.replace(
        ENTRY,
        prediction_id=f"churn-20111210-o-{number}",
        entity_id=f"c{number}",
        row_keys={"customer_id": f"c{number}"},
        event_at=AS_OF,
        predicted_at=WALL,
        score=0.9,
        label="likely_to_churn",
        request={},
        features=[],
    )
    return msgspec.structs.replace(entry, **changes)
