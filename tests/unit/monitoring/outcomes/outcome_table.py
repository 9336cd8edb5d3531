"""A table of outcomes that is filled by hand: so many that came true, of a release, at an instant."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from platform_assets.contract.product import Product
from platform_assets.monitoring.outcomes.performance import Performance, performance
from platform_assets.monitoring.outcomes.table import append_outcomes, outcome_schema
from platform_assets.settings import Settings
from tests.unit.serving.conftest import product_named

CHURN, PARKING = product_named("churn"), product_named("parking_demand")
MONDAY = dt.datetime(2011, 8, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


class OutcomeTable:
    """A table of outcomes that is filled by hand."""

    def __init__(self, home: Path, product: Product = CHURN) -> None:
        """Begin with no table."""
        self.settings, self.product, self._commits = Settings(home=home, fsync=False), product, 0

    def add(self, count: int, *, right: int = 0, **changes: object) -> None:
        """Append so many outcomes of which the first `right` came true, each of an entity of its own."""
        self._commits += 1
        rows = [self._row(number, changes, came_true=number < right) for number in range(count)]
        table = pa.Table.from_pylist(rows, schema=outcome_schema())
        append_outcomes(self.settings, self.product.name, table, number=self._commits, metadata={})

    def read(self, **narrowed: object) -> list[Performance]:
        return performance(self.settings, self.product, **narrowed)  # type: ignore[arg-type]  # as the test says

    def _row(self, number: int, changes: Mapping[str, object], *, came_true: bool) -> dict[str, object]:
        event_at = changes.get("event_at", MONDAY)
        assert isinstance(event_at, dt.datetime)
        told = {
            "prediction_id": f"p{self._commits}-{number}",
            "product": self.product.name,
            "mode": "online",
            "predicted_date": dt.date(2026, 3, 1),
            "release_id": "r1",
            "model_version": 1,
            "variant": None,
            "entity_id": f"e{self._commits}-{number}",
            "row_key": "k",
            "event_at": event_at,
            "score": 0.9,
            "label": "likely_to_churn",
            "is_valid": True,
            "fallback": "none",
            "truth": float(came_true),
            "is_right": came_true,
            "error": 0.9 - came_true,
            "slices": [],
            "known_at": event_at + 90 * DAY,
            "sample_share": 1.0,
        }
        return {**told, **changes}
