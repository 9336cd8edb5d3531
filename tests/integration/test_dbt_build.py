"""The dbt project on the committed sample, with the real dbt: traps of the data, point in time, repeatability."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from platform_assets.contract.datasets import DATASETS
from platform_assets.errors import DbtFailedError
from platform_assets.features.contracts_raw import validate_raw
from platform_assets.features.contracts_staging import validate_staging
from platform_assets.features.dbt_build import dbt_variables, run_dbt
from platform_assets.features.raw_files import current_raw, fetch_raw
from platform_assets.features.raw_report import ROWS_FILE
from platform_assets.settings import Settings

AT = dt.datetime(2024, 1, 2, tzinfo=dt.UTC)
RETAIL_DAYS = (dt.date(2010, 11, 25), dt.date(2010, 12, 5))
PARKING_DAYS = (dt.date(2016, 10, 4), dt.date(2016, 12, 19))
CUT = {
    "online_retail": "ordered_at < timestamp '2010-12-05'",
    "car_parks": "observed_at < timestamp '2016-11-20 12:02'",
}
VIEWS = {"customer_orders": RETAIL_DAYS, "parking_recent": PARKING_DAYS, "parking_slot_history": PARKING_DAYS}


@dataclass(frozen=True)
class Built:
    """One home with raw data, staging and every feature view."""

    settings: Settings

    @property
    def build_dir(self) -> Path:
        return self.settings.home / "build"

    def view(self, name: str) -> str:
        return f"read_parquet('{self.build_dir / name}.parquet')"

    def staged(self, name: str) -> str:
        return f"read_parquet('{self.settings.staging_dir / name}.parquet')"


def _query(sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(sql).fetchall()


def _build(settings: Settings, args: list[str], days: tuple[dt.date, dt.date], build_dir: Path, name: str) -> None:
    variables = dbt_variables(settings, as_of_from=days[0], as_of_to=days[1], build_dir=build_dir)
    run_dbt(settings, args, scratch=settings.scratch_dir / name, variables=variables)


def _build_everything(settings: Settings, command: str) -> Built:
    built = Built(settings)
    _build(
        settings,
        [command, "--exclude", "parking_recent", "parking_slot_history"],
        RETAIL_DAYS,
        built.build_dir,
        "a",
    )
    _build(
        settings,
        [command, "--select", "parking_recent", "parking_slot_history"],
        PARKING_DAYS,
        built.build_dir,
        "b",
    )
    return built


def _with_raw(home: Path) -> Settings:
    settings = Settings(home=home, data_source="sample", fsync=False)
    for dataset in DATASETS:
        validate_raw(fetch_raw(dataset, settings, fetched_at=AT), settings)
    return settings


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build the sample once; dbt's own data tests and unit tests run with it and must pass."""
    return _build_everything(_with_raw(tmp_path_factory.mktemp("dbt_sample")), "build")


@pytest.fixture(scope="session")
def built_from_the_past(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build from raw rows before a cut only: what could have been known then."""
    settings = _with_raw(tmp_path_factory.mktemp("dbt_past"))
    for dataset in DATASETS:
        rows = current_raw(dataset, settings).path.parent / ROWS_FILE
        kept = rows.with_suffix(".cut")
        _query(f"copy (from '{rows}' where {CUT[dataset]} order by source_row) to '{kept}' (format parquet)")
        kept.replace(rows)
    return _build_everything(settings, "run")


@pytest.mark.parametrize("view", list(VIEWS))
def test_features_are_the_same_whether_the_future_is_in_the_data_or_not(
    view: str, built: Built, built_from_the_past: Built
) -> None:
    known = (
        "event_at <= timestamp '2010-12-05'" if view == "customer_orders" else "event_at < timestamp '2016-11-20 12:02'"
    )
    past = f"(from {built_from_the_past.view(view)} where {known})"
    full = f"(from {built.view(view)} where {known})"
    assert _query(f"select count(*) > 0 from {past}") == [(True,)]
    assert _query(f"select count(*) from (from {past} except all from {full})") == [(0,)]


@pytest.mark.parametrize("view", ["customer_orders", "parking_recent"])
def test_no_feature_row_of_the_past_is_missing_without_the_future(
    view: str, built: Built, built_from_the_past: Built
) -> None:
    known = (
        "event_at <= timestamp '2010-12-05'" if view == "customer_orders" else "event_at < timestamp '2016-11-20 12:02'"
    )
    full, past = f"(from {built.view(view)} where {known})", built_from_the_past.view(view)
    assert _query(f"select count(*) from (from {full} except all from {past})") == [(0,)]


def test_two_builds_at_once_do_not_contend_and_repeat_every_bit(built: Built, tmp_path: Path) -> None:
    days = (dt.date(2010, 12, 1), dt.date(2010, 12, 1))
    args = ["run", "--select", "customer_orders"]
    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(_build, built.settings, args, days, tmp_path / name, f"at_once_{name}")
            for name in ("one", "two")
        ]
        for run in runs:
            run.result()
    for name in ("one", "two"):
        alone = f"read_parquet('{tmp_path / name / 'customer_orders.parquet'}')"
        ranged = f"(from {built.view('customer_orders')} where event_at = timestamp '2010-12-01')"
        assert _query(f"select count(*) from (from {alone} except all from {ranged})") == [(0,)]
        assert _query(f"select (select count(*) from {alone}) = (select count(*) from {ranged})") == [(True,)]


def test_the_population_is_who_bought_in_365_days_before_the_as_of(built: Built) -> None:
    expected = f"""select distinct d.as_of, o.customer_id from {built.staged("orders")} o,
        (select unnest(generate_series(timestamp '2010-11-25', timestamp '2010-12-05', interval 1 day)) as as_of) d
        where o.ordered_at < d.as_of and o.ordered_at >= d.as_of - interval 365 day"""
    actual = f"select event_at, customer_id from {built.view('customer_orders')}"
    assert _query(f"select count(*) from (({expected}) except all ({actual}))") == [(0,)]
    assert _query(f"select count(*) from (({actual}) except all ({expected}))") == [(0,)]


def test_every_view_is_sorted_and_holds_only_the_days_asked_for(built: Built) -> None:
    for view, (first, last) in VIEWS.items():
        days = _query(f"select distinct event_at::date from {built.view(view)} order by 1")
        assert all(first <= day <= last for (day,) in days if isinstance(day, dt.date))
        times = _query(f"select event_at from {built.view(view)}")
        assert times == sorted(times)


def test_the_days_in_both_sheets_are_counted_once(built: Built) -> None:
    raw_rows = current_raw("online_retail", built.settings).path.parent / ROWS_FILE
    overlap = "ordered_at >= timestamp '2010-12-01' and ordered_at < timestamp '2010-12-09 20:02'"
    first, second = (
        _query(f"select count(*) from '{raw_rows}' where sheet_number = {sheet} and {overlap}")[0][0]
        for sheet in (1, 2)
    )
    assert first == second != 0
    assert _query(f"select count(*) from {built.staged('stg_order_lines')} where {overlap}") == [(second,)]


def test_the_grid_of_slots_is_dense_and_the_missing_days_are_in_it(built: Built) -> None:
    slots = built.staged("parking_slots")
    assert _query(f"select count(*) = 10 * 77 * 18 from {slots}") == [(True,)]
    missing = "('2016-10-20', '2016-10-21', '2016-12-03', '2016-12-04')"
    assert _query(f"select count(*), count(occupancy_ratio) from {slots} where slot_at::date::text in {missing}") == [
        (720, 0)
    ]


@pytest.mark.parametrize("model", ["stg_order_lines", "orders", "cancellations", "net_spend", "parking_slots"])
def test_every_staging_model_keeps_its_contract(model: str, built: Built) -> None:
    report = validate_staging(built.settings, model)
    assert report.rows > 0
    assert report.failures == {}


def test_a_broken_staging_file_is_counted_by_rule(built: Built, tmp_path: Path) -> None:
    settings = built.settings.with_home(tmp_path)
    settings.staging_dir.mkdir(parents=True)
    broken = "select * replace (case when row_number() over () <= 3 then -1.0 else total_gbp end as total_gbp)"
    _query(f"copy ({broken} from {built.staged('orders')}) to '{settings.staging_dir}/orders.parquet' (format parquet)")
    assert validate_staging(settings, "orders").failures == {"total_gbp:too_low": 3}


def test_a_failing_run_names_the_command_the_reason_and_the_log(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, data_source="sample", fsync=False)
    with pytest.raises(DbtFailedError, match=r"dbt run .*not_materialized/rows.parquet.*dbt.log"):
        _build(settings, ["run", "--select", "parking_slots"], PARKING_DAYS, tmp_path / "build", "failing")


def test_nothing_is_written_into_the_project(built: Built) -> None:
    project = built.settings.project_root / "dbt_project"
    assert not [path for path in project.iterdir() if path.name in {"target", "logs", ".user.yml"}]
