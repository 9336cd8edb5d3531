"""Reading online features through Feast: the same snapshot that the endpoint reads."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from platform_assets.contract.product import Product
from platform_assets.errors import DirectWriteRefusedError, NotMaterializedError, SnapshotMissingError
from platform_assets.features.feast_store import apply_definitions
from platform_assets.features.point_in_time import join_features
from platform_assets.features.population import run_population
from platform_assets.features.snapshot import LatestRows, feature_manifest, latest_rows
from platform_assets.online.connection import connect
from platform_assets.online.snapshot_writer import publish_snapshot
from platform_assets.settings import Settings
from tests.integration.feast_home import BAYS, CUSTOMERS, DAYS, FIRST_DAY, fill_home, product

pytestmark = [
    pytest.mark.filterwarnings("ignore:sqlglotrs is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:fetch_arrow_table\\(\\) is deprecated:DeprecationWarning"),
]
AS_OF = FIRST_DAY + dt.timedelta(days=DAYS)


@pytest.fixture
def home(online_store: Settings, tmp_path: Path) -> Settings:
    return fill_home(online_store.with_home(tmp_path / "home"), tmp_path)


def _publish(settings: Settings, name: str) -> LatestRows:
    latest = latest_rows(settings, product(name), as_of=AS_OF)
    with connect(settings.online_url) as client:
        publish_snapshot(
            client, latest.manifest, latest.tables, as_of=AS_OF.timestamp(), snapshot_id="one", settings=settings
        )
    return latest


def _read(settings: Settings, what: Product, rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    store = apply_definitions(settings)
    service = store.get_feature_service(f"{what.name}_v{what.features.version}")
    found: dict[str, list[Any]] = store.get_online_features(features=service, entity_rows=rows).to_dict()
    return found


def _numbers(values: list[Any]) -> list[float]:
    told = [value.timestamp() if isinstance(value, dt.datetime) else value for value in values]
    return [np.nan if value is None else float(value) for value in told]


def test_feast_reads_what_was_published(home: Settings) -> None:
    churn = product("cancellation_risk")
    latest = _publish(home, churn.name)
    found = _read(home, churn, [{"customer_id": customer} for customer in CUSTOMERS])
    keys, table = latest.tables[0].key_columns[0], latest.tables[0]
    order = [list(keys).index(customer) for customer in CUSTOMERS]
    for position, column in enumerate(latest.manifest.columns):
        np.testing.assert_array_equal(_numbers(found[column]), table.values[order, position])


def test_an_unknown_entity_reads_as_nothing(home: Settings) -> None:
    _publish(home, "cancellation_risk")
    found = _read(home, product("cancellation_risk"), [{"customer_id": "nobody"}])
    assert {tuple(values) for name, values in found.items() if name != "customer_id"} == {(None,)}


def test_a_view_with_two_join_keys_is_read_by_both(home: Settings) -> None:
    latest = _publish(home, "parking_demand")
    assert [table.values.shape[0] for table in latest.tables] == [len(BAYS), len(BAYS) * 18]
    found = _read(home, product("parking_demand"), [{"parking_bay_id": BAYS[1], "slot_number": 20}])
    keys = list(zip(*latest.tables[1].key_columns, strict=True))
    row = keys.index((BAYS[1], 20))
    columns = latest.manifest.key_sets[1].columns
    np.testing.assert_array_equal([_numbers(found[c])[0] for c in columns], latest.tables[1].values[row])


def test_a_snapshot_holds_what_a_batch_at_its_instant_joins(home: Settings) -> None:
    segments = product("segments")
    latest = latest_rows(home, segments, as_of=AS_OF)
    batch = join_features(home, segments, run_population(home, segments, segments.batch.population, [AS_OF]))
    assert list(latest.tables[0].key_columns[0]) == batch.column("customer_id").to_pylist()
    expected = [_numbers(batch.column(name).to_pylist()) for name in segments.stored_columns]
    np.testing.assert_array_equal(latest.tables[0].values, np.array(expected).T)
    assert latest.manifest == feature_manifest(home, segments)


def test_before_anything_was_known_there_is_no_snapshot(home: Settings) -> None:
    with pytest.raises(NotMaterializedError, match="features/customer_orders"):
        latest_rows(home, product("segments"), as_of=FIRST_DAY - dt.timedelta(days=1))


def test_a_service_that_was_never_published_says_so(home: Settings) -> None:
    with pytest.raises(SnapshotMissingError, match="cancellation_risk_v1"):
        _read(home, product("cancellation_risk"), [{"customer_id": CUSTOMERS[0]}])


def test_writing_one_view_through_feast_is_refused_and_reading_goes_on(home: Settings) -> None:
    _publish(home, "cancellation_risk")
    store = apply_definitions(home)
    with pytest.raises(DirectWriteRefusedError, match="online_snapshot"):
        store.materialize(FIRST_DAY, AS_OF, feature_views=["customer_orders"])
    found = _read(home, product("cancellation_risk"), [{"customer_id": CUSTOMERS[0]}])
    assert found["customer_id"] == [CUSTOMERS[0]]
