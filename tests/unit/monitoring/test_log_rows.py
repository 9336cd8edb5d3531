"""Rows of the prediction log: every field of an entry has its column, exact to the bit."""

import math

import msgspec

from platform_assets.contract.prediction_log import PredictionLogEntry
from platform_assets.monitoring.log_rows import PARTITIONS, log_rows
from tests.unit.serving.test_prediction_log import ENTRY


def test_no_field_of_an_entry_is_dropped() -> None:
    assert set(log_rows([ENTRY]).column_names) == {*PredictionLogEntry.__struct_fields__, "predicted_date"}


def test_a_row_keeps_every_value_of_its_entry() -> None:
    (row,) = log_rows([ENTRY]).to_pylist()
    for name, value in msgspec.structs.asdict(ENTRY).items():
        if name not in {"row_keys", "request", "features"}:
            assert row[name] == value, name
    assert math.isnan(row["features"][1])
    assert row["features"][::2] == [1.5, 0.1]
    assert msgspec.json.decode(row["request"]) == ENTRY.request


def test_rows_carry_their_partitions() -> None:
    (row,) = log_rows([ENTRY]).to_pylist()
    assert [row[name] for name in PARTITIONS] == ["churn", ENTRY.predicted_at.date()]


def test_no_entry_is_a_table_without_rows_but_with_all_columns() -> None:
    assert log_rows([]).schema == log_rows([ENTRY]).schema
