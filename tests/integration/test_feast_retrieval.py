"""Feast over the platform's own join: real registry, real histories, no stand-in."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from platform_assets.features.feast_store import apply_definitions, definitions, open_store
from platform_assets.features.history import append_history
from platform_assets.features.parity import check_join_parity
from platform_assets.features.point_in_time import join_features
from platform_assets.features.population import run_population
from platform_assets.features.training_set import build_training_set, retrieve_features
from platform_assets.features.view_contracts import load_views
from platform_assets.inference.on_demand import apply_on_demand
from platform_assets.settings import Settings
from tests.integration.feast_home import BAYS, CUSTOMERS, DAYS, FIRST_DAY, fill_home, product, write_build

pytestmark = [
    pytest.mark.filterwarnings("ignore:sqlglotrs is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:fetch_arrow_table\\(\\) is deprecated:DeprecationWarning"),
]
DAY = dt.timedelta(days=1)
UTC_US = pa.timestamp("us", tz="UTC")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("feast")
    return fill_home(Settings(home=folder / "home", fsync=False), folder)


def _parking_examples(count: int = 40) -> pa.Table:
    targets = [
        FIRST_DAY + DAY * (1 + row % (DAYS - 1)) + dt.timedelta(hours=8, minutes=30 * (row % 18))
        for row in range(count)
    ]
    event_at = [target - dt.timedelta(minutes=25 if row % 2 else 600) for row, target in enumerate(targets)]
    return pa.table(
        {
            "row_id": pa.array(range(count), pa.int64()),
            "as_of": pa.array([FIRST_DAY] * count, UTC_US),
            "event_at": pa.array(event_at, UTC_US),
            "parking_bay_id": [BAYS[row % 2] for row in range(count)],
            "target_at": pa.array(targets, UTC_US),
        }
    )


def test_training_sets_hold_what_batch_would_have_seen(home: Settings) -> None:
    segments = product("segments")
    made = build_training_set(
        home, segments, as_ofs=[FIRST_DAY + DAY, FIRST_DAY + DAY * 3], known_until=FIRST_DAY + DAY * 300
    )
    population = run_population(home, segments, segments.batch.population, [FIRST_DAY + DAY, FIRST_DAY + DAY * 3])
    assert made.table.drop_columns(["label"]).equals(join_features(home, segments, population))
    assert made.table.num_rows == 2 * len(CUSTOMERS)
    assert made.path.name == f"{made.digest[:16]}.parquet"


def test_the_same_sources_give_the_same_training_set(home: Settings) -> None:
    told: dict[str, Any] = {"as_ofs": [FIRST_DAY + DAY], "known_until": FIRST_DAY + DAY * 300}
    first, second = (build_training_set(home, product("segments"), **told) for _ in range(2))
    assert (first.digest, first.path) == (second.digest, second.path)


def test_a_label_that_is_not_yet_known_is_null(home: Settings) -> None:
    as_ofs = [FIRST_DAY + DAY, FIRST_DAY + DAY * 2]
    made = build_training_set(home, product("segments"), as_ofs=as_ofs, known_until=FIRST_DAY + DAY * 91)
    labels = made.table.column("label").to_pylist()
    assert labels == [7.5, 0.0, 0.0, None, None, None]


def test_join_keys_from_the_request_are_computed_on_demand(home: Settings) -> None:
    examples = _parking_examples()
    parking = product("parking_demand")
    through_feast = retrieve_features(home, parking, examples)
    assert through_feast.equals(join_features(home, parking, examples))
    assert through_feast.column("slot_ratio_1d").null_count < examples.num_rows / 2


@pytest.mark.parametrize("name", ["segments", "parking_demand"])
def test_our_join_equals_the_join_of_feast_itself(home: Settings, name: str) -> None:
    examples = _parking_examples()
    if name == "segments":
        sql = product(name).batch.population
        examples = run_population(home, product(name), sql, [FIRST_DAY + DAY * n for n in range(DAYS)])
    parity = check_join_parity(home, product(name), examples, seed=1, most_rows=30)
    assert parity.first_difference is None
    assert parity.is_equal
    assert parity.cells == parity.rows * len(product(name).stored_columns)


def test_a_late_correction_reaches_no_earlier_example(tmp_path: Path) -> None:
    settings = fill_home(Settings(home=tmp_path / "home", fsync=False), tmp_path)
    segments = product("segments")
    last_day = FIRST_DAY + DAY * (DAYS - 1)
    population = run_population(settings, segments, segments.batch.population, [last_day, last_day + DAY])
    before = retrieve_features(settings, segments, population)
    view = load_views(settings.project_root)["customer_orders"]
    corrected = {"customer_id": CUSTOMERS[0], "event_at": last_day, "order_count_365d": 1_000_000}
    append_history(settings, view.name, write_build(view, [corrected], tmp_path), known_at=last_day + DAY * 20)
    assert retrieve_features(settings, segments, population).equals(before)
    assert check_join_parity(settings, segments, population, seed=1).is_equal
    later = pa.array([last_day + DAY * 20] * population.num_rows, UTC_US)
    found = retrieve_features(settings, segments, population.set_column(2, "event_at", later)).to_pylist()
    assert {row["order_count_365d"] for row in found if row["customer_id"] == CUSTOMERS[0]} == {1_000_000}


def test_a_person_may_ask_feast_with_any_dataframe(home: Settings) -> None:
    store = apply_definitions(home)
    people = pd.DataFrame(
        {
            "customer_id": [CUSTOMERS[1], "nobody", CUSTOMERS[0], CUSTOMERS[0]],
            "event_timestamp": [FIRST_DAY + DAY] * 4,
            "note": ["a", "b", "c", "c"],
        }
    )
    refs = ["customer_orders:order_count_30d", "customer_orders:last_order_at"]
    found = store.get_historical_features(entity_df=people, features=refs, full_feature_names=True).to_arrow()
    assert found.column("note").to_pylist() == ["a", "b", "c", "c"]
    at_once = found.column("customer_orders__order_count_30d").to_pylist()
    assert at_once[1] is None
    assert at_once[2] == at_once[3]
    assert found.column("customer_orders__last_order_at").to_pylist()[0] < FIRST_DAY + DAY


def test_on_demand_features_come_from_the_function_that_serves(home: Settings) -> None:
    store = apply_definitions(home)
    churn = product("churn")
    people = pd.DataFrame({"customer_id": list(CUSTOMERS), "event_at": [FIRST_DAY + DAY * 2] * 3})
    refs = [f"customer_orders:{column}" for column in churn.stored_columns]
    computed = [f"churn_on_demand:{feature.name}" for feature in churn.on_demand]
    found = store.get_historical_features(entity_df=people, features=[*refs, *computed]).to_df()
    frame = {"event_at": np.full(3, (FIRST_DAY + DAY * 2).timestamp())}
    for column in churn.stored_columns:
        values = found[column]
        is_time = column.endswith("_at")
        frame[column] = (
            (values.dt.as_unit("us").astype("int64").where(values.notna(), np.nan) / 1e6 if is_time else values)
            .astype("float64")
            .to_numpy()
        )
    expected = apply_on_demand(churn.on_demand, frame)
    for feature in churn.on_demand:
        np.testing.assert_array_equal(found[feature.name].to_numpy(), expected[feature.name])


def test_reads_for_materialization_work_on_the_history(home: Settings) -> None:
    store = apply_definitions(home)
    view = store.get_feature_view("customer_orders")
    assert view.batch_source is not None
    provider = store._get_provider()  # noqa: SLF001 - Feast offers no public way to its offline store
    job = provider.offline_store.pull_latest_from_table_or_query(
        config=store.config,
        data_source=view.batch_source,
        join_key_columns=["customer_id"],
        feature_name_columns=["order_count"],
        timestamp_field="event_at",
        created_timestamp_column="known_at",
        start_date=FIRST_DAY,
        end_date=FIRST_DAY + DAY * 3,
    )
    found = job.to_arrow()
    assert sorted(found.column("customer_id").to_pylist()) == sorted(CUSTOMERS)
    assert set(found.column("event_at").to_pylist()) == {FIRST_DAY + DAY * 3}


def test_applying_twice_changes_nothing_and_forgets_what_is_gone(tmp_path: Path) -> None:
    from feast import FeatureService  # noqa: PLC0415 - seconds to import

    settings = Settings(home=tmp_path, fsync=False)
    store = apply_definitions(settings)
    told = sorted(item.name for item in definitions(settings))
    store.apply(
        [FeatureService(name="left_over", features=[store.get_feature_view("customer_orders")[["order_count"]]])]
    )
    apply_definitions(settings)
    fresh = open_store(settings)
    names = [
        *(item.name for item in fresh.list_entities() if item.name != "__dummy"),
        *(item.name for item in fresh.list_batch_feature_views()),
        *(item.name for item in fresh.list_on_demand_feature_views()),
        *(item.name for item in fresh.list_feature_services()),
    ]
    assert sorted(names) == told
