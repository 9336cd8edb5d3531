"""The split in time: nothing that was not known may teach."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from platform_assets.clock import midnight
from platform_assets.contract.evaluation import TimeSplit
from platform_assets.contract.product import Product
from platform_assets.errors import EmptyTrainingSetError, LabelLeakError
from platform_assets.products._discovery import discover_products
from platform_assets.training.splits import as_of_grid, check_no_leak, split_at, split_examples

CHURN = next(product for product in discover_products() if product.name == "churn")
LATER = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


def table(days: list[dt.date], labels: list[float | None]) -> "pa.Table":
    instants = pa.array([midnight(day) for day in days], pa.timestamp("us", tz="UTC"))
    return pa.table({"as_of": instants, "event_at": instants, "label": pa.array(labels, pa.float64())})


def test_monthly_training_days_step_back_from_the_cutoff_while_their_window_ends_by_it() -> None:
    grid = as_of_grid(CHURN.split, horizon_hours=90 * 24)
    assert grid[0] == midnight(dt.date(2010, 6, 10))
    assert grid[-2:] == [midnight(dt.date(2011, 6, 10)), midnight(dt.date(2011, 9, 10))]
    assert len(grid) == 14


def test_daily_test_days_run_to_the_last_one() -> None:
    split = TimeSplit(cutoff=dt.date(2016, 12, 6), train_from=dt.date(2016, 12, 3), step="day", test_days=2)
    grid = as_of_grid(split, horizon_hours=24)
    assert [day.day for day in grid] == [3, 4, 5, 6, 7, 8]


def test_a_month_step_keeps_to_the_end_of_short_months() -> None:
    split = TimeSplit(cutoff=dt.date(2011, 3, 31), train_from=dt.date(2010, 11, 1), step="month")
    assert [day.day for day in as_of_grid(split, horizon_hours=0)] == [30, 31, 31, 28, 31]


def test_training_rows_end_before_the_cutoff_with_their_whole_window() -> None:
    days = [dt.date(2010, 5, 10), dt.date(2011, 6, 10), dt.date(2011, 7, 10), dt.date(2011, 9, 10)]
    parts = split_examples(CHURN, table(days, [1.0, 0.0, 1.0, 1.0]), known_until=LATER)
    assert parts.train["as_of"].to_pylist() == [midnight(dt.date(2011, 6, 10))]
    assert parts.test["as_of"].to_pylist() == [midnight(dt.date(2011, 9, 10))]


def test_a_window_that_ends_at_the_cutoff_may_teach() -> None:
    on_time = CHURN.split.cutoff - dt.timedelta(days=90)
    parts = split_examples(CHURN, table([on_time, CHURN.split.cutoff], [1.0, 0.0]), known_until=LATER)
    assert parts.train.num_rows == 1


def test_rows_of_unknown_label_are_in_no_part() -> None:
    days = [dt.date(2011, 6, 10)] * 3 + [dt.date(2011, 9, 10)] * 2
    parts = split_examples(CHURN, table(days, [1.0, None, float("nan"), None, 0.0]), known_until=LATER)
    assert (parts.train.num_rows, parts.test.num_rows) == (1, 1)


def test_a_test_label_that_is_not_yet_known_does_not_count() -> None:
    days = [dt.date(2011, 6, 10), dt.date(2011, 9, 10)]
    with pytest.raises(EmptyTrainingSetError, match="test days"):
        split_examples(CHURN, table(days, [1.0, 1.0]), known_until=midnight(dt.date(2011, 12, 1)))


def test_an_empty_training_part_is_a_typed_error() -> None:
    with pytest.raises(EmptyTrainingSetError, match="churn"):
        split_examples(CHURN, table([dt.date(2011, 9, 10)], [1.0]), known_until=LATER)


def test_a_cutoff_after_what_is_known_is_a_leak() -> None:
    with pytest.raises(LabelLeakError, match="cut-off"):
        split_examples(CHURN, table([dt.date(2011, 6, 10)], [1.0]), known_until=midnight(dt.date(2011, 9, 1)))


def test_a_training_row_whose_window_passes_the_cutoff_is_a_leak() -> None:
    with pytest.raises(LabelLeakError, match="2011-10-08"):
        check_no_leak(CHURN, table([dt.date(2011, 7, 10)], [1.0]))


def test_another_cutoff_moves_the_whole_grid() -> None:
    split = split_at(CHURN.split, dt.date(2011, 3, 10))
    grid = as_of_grid(split, horizon_hours=90 * 24)
    assert len(grid) == 8
    assert grid[-1] == midnight(dt.date(2011, 3, 10))


def test_rows_keep_their_order_and_columns(product: Product, make_examples: object) -> None:
    examples = make_examples(product)  # type: ignore[operator]  # a fixture that is a function
    parts = split_examples(product, examples, known_until=LATER)
    for part in (parts.train, parts.test):
        assert part.column_names == examples.column_names
        assert (np.diff(part["row_id"].to_numpy()) > 0).all()
