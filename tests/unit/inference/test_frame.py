"""The frame: one form of rows for training, batch and online."""

import datetime as dt

import numpy as np
import pytest

from platform_assets.inference.frame import row_count, take_rows, text_columns, to_column
from platform_assets.products._discovery import discover_products

PRODUCTS = {product.name: product for product in discover_products()}


def test_an_instant_reads_the_same_from_text_datetime_and_seconds() -> None:
    seconds = 1_482_148_800.25
    instant = dt.datetime.fromtimestamp(seconds, tz=dt.UTC)
    column = to_column([instant.isoformat(), instant, seconds, instant.replace(tzinfo=None).isoformat()], "timestamp")
    assert column.tolist() == [seconds] * 4


def test_missing_values_become_nan_or_none() -> None:
    assert np.isnan(to_column([None], "number")).all()
    assert np.isnan(to_column([None], "timestamp")).all()
    assert to_column([None, "x"], "text").tolist() == [None, "x"]


def test_numbers_and_booleans_become_float64() -> None:
    assert to_column([True, False], "boolean").tolist() == [1.0, 0.0]
    assert to_column([1, 2.5], "number").dtype == np.float64


@pytest.mark.parametrize("value", ["many", [1], {}])
def test_a_value_of_the_wrong_type_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        to_column([value], "number")


def test_row_keys_are_text_unless_the_request_declares_another_type() -> None:
    assert text_columns(PRODUCTS["parking_demand"]) == {"parking_bay_id"}
    assert text_columns(PRODUCTS["cancellation_risk"]) == {"order_id", "customer_id", "country"}


def test_taking_rows_keeps_their_order() -> None:
    frame = {"event_at": np.arange(4.0), "name": to_column(["a", "b", "c", "d"], "text")}
    taken = take_rows(frame, np.array([2, 0]))
    assert row_count(taken) == 2
    assert taken["name"].tolist() == ["c", "a"]
