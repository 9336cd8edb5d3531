"""Frames from Arrow tables."""

import datetime as dt

import numpy as np
import pyarrow as pa

from platform_assets.features.frames import to_frame
from platform_assets.products._discovery import discover_products

CANCELLATION = next(product for product in discover_products() if product.name == "cancellation_risk")
INSTANT = dt.datetime(2011, 9, 10, 12, 34, 56, 789_123, tzinfo=dt.UTC)


def test_instants_become_the_seconds_that_datetime_tells() -> None:
    for unit in ("us", "ns"):
        column = pa.array([INSTANT, None], pa.timestamp(unit, tz="UTC"))
        seconds = to_frame(CANCELLATION, pa.table({"event_at": column}))["event_at"]
        assert seconds[0] == INSTANT.timestamp()
        assert np.isnan(seconds[1])


def test_numbers_of_every_width_become_float64_and_null_becomes_nan() -> None:
    table = pa.table({"a": pa.array([1, None], pa.int32()), "b": pa.array([True, None]), "c": pa.array([0.5, None])})
    frame = to_frame(CANCELLATION, table)
    for name, expected in (("a", 1.0), ("b", 1.0), ("c", 0.5)):
        assert frame[name].dtype == np.float64
        assert frame[name][0] == expected
        assert np.isnan(frame[name][1])


def test_text_stays_text_and_null_becomes_none() -> None:
    table = pa.table({"country": ["France", None], "note": pa.array(["x", "y"], pa.large_string())})
    frame = to_frame(CANCELLATION, table)
    assert frame["country"].tolist() == ["France", None]
    assert frame["note"].tolist() == ["x", "y"]
