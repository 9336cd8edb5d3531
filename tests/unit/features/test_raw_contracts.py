"""The contracts of raw data: good rows are typed, the others are set aside with their reason."""

import dataclasses
import datetime as dt
import hashlib
import lzma
from pathlib import Path

import duckdb
import pytest

from platform_assets.contract.datasets import DatasetName
from platform_assets.features.contracts_raw import validate_raw
from platform_assets.features.raw_datasets import CAR_PARKS_HEADER, ONLINE_RETAIL_HEADER, SOURCES
from platform_assets.features.raw_files import RawFile, fetch_source
from platform_assets.features.raw_report import RawReport
from platform_assets.settings import Settings

AT = dt.datetime(2024, 1, 2, tzinfo=dt.UTC)
HEADERS = {"online_retail": ONLINE_RETAIL_HEADER, "car_parks": CAR_PARKS_HEADER}
LINE = "489434,85048,GLASS BALL,12,12/1/2009 7:45,6.95,13085.0,United Kingdom"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", project_root=tmp_path, data_source="sample", fsync=False)


def _raw(settings: Settings, dataset: DatasetName, lines: list[str], *, compress: bool = False) -> RawFile:
    data = "\n".join([",".join(HEADERS[dataset]), *lines, ""]).encode()
    data = lzma.compress(data) if compress else data
    name = f"{dataset}.csv.xz" if compress else f"{dataset}.csv"
    (settings.project_root / name).write_bytes(data)
    pinned = dataclasses.replace(SOURCES["sample"][dataset], member=name, sha256=hashlib.sha256(data).hexdigest())
    return fetch_source(pinned, settings, fetched_at=AT)


def _rows(report: RawReport, columns: str) -> list[tuple[object, ...]]:
    return duckdb.connect().execute(f"select {columns} from '{report.rows_path}' order by source_row").fetchall()


@pytest.mark.parametrize("compress", [False, True])
def test_good_lines_become_typed_rows_from_plain_and_compressed_files(settings: Settings, *, compress: bool) -> None:
    report = validate_raw(_raw(settings, "online_retail", [LINE], compress=compress), settings)
    assert (report.rows, report.rows_set_aside, report.reasons) == (1, 0, {})
    assert _rows(report, "order_id, customer_id, quantity, unit_price_gbp, ordered_at, sheet_number") == [
        ("489434", "13085", 12, 6.95, dt.datetime(2009, 12, 1, 7, 45), 1)  # noqa: DTZ001 - the file has no zone
    ]


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (LINE.replace("12/1/2009 7:45", "yesterday"), "ordered_at:not_nullable"),
        (LINE.replace("12/1/2009", "12/1/1909"), "ordered_at:is_date"),
        (LINE.replace(",12,", ",a dozen,"), "quantity:not_nullable"),
        (LINE.replace(",12,", ",0,"), "quantity:not_zero"),
        (LINE.replace("6.95", "free"), "unit_price_gbp:not_nullable"),
        (LINE.replace("489434", ""), "order_id:not_nullable"),
        (LINE.replace("489434", "X1"), "order_id:is_invoice"),
        (LINE.replace("13085.0", "someone"), "customer_id:is_customer"),
        (LINE + ",one field too many", "line:malformed"),
    ],
)
def test_a_line_that_breaks_a_rule_is_set_aside_with_its_reason(settings: Settings, broken: str, reason: str) -> None:
    report = validate_raw(_raw(settings, "online_retail", [LINE, broken, LINE]), settings)
    assert (report.rows, report.rows_set_aside, report.reasons) == (2, 1, {reason: 1})


def test_a_row_set_aside_keeps_its_text_and_all_its_reasons(settings: Settings) -> None:
    report = validate_raw(_raw(settings, "car_parks", [",0,-8,2016-10-28 13:02:43"]), settings)
    found = duckdb.connect().execute(f"select reason, \"Occupancy\" from '{report.set_aside_path}'").fetchall()
    assert found == [("capacity:is_positive; occupancy:not_negative; parking_bay_id:not_nullable", "-8")]
    assert (report.rows, report.rows_set_aside) == (0, 1)


def test_a_sale_without_customer_and_a_negative_adjustment_are_good_rows(settings: Settings) -> None:
    lines = [LINE.replace("13085.0", ""), "A506401,B,Adjust bad debt,1,4/29/2010 13:36,-53594.36,,United Kingdom"]
    report = validate_raw(_raw(settings, "online_retail", lines), settings)
    assert _rows(report, "customer_id, unit_price_gbp") == [(None, 6.95), (None, -53594.36)]


def test_a_new_sheet_starts_where_time_goes_back(settings: Settings) -> None:
    times = ["12/8/2010 9:00", "12/9/2010 20:01", "12/1/2010 8:26", "12/9/2010 9:00"]
    lines = [LINE.replace("12/1/2009 7:45", time) for time in times]
    report = validate_raw(_raw(settings, "online_retail", lines), settings)
    assert _rows(report, "sheet_number") == [(1,), (1,), (2,), (2,)]


def test_validating_twice_writes_the_same_bytes(settings: Settings) -> None:
    raw = _raw(settings, "car_parks", ["A,577,61,2016-10-04 07:59:42", "A,577,-1,2016-10-04 08:29:42"])
    first = validate_raw(raw, settings).rows_path.read_bytes()
    assert validate_raw(raw, settings).rows_path.read_bytes() == first
