"""On-demand features: the same bits for one row and many, in training, batch and online."""

import datetime as dt
import math
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_assets.contract.features import OnDemand, OnDemandOperation
from platform_assets.errors import MissingInputError
from platform_assets.inference.on_demand import apply_on_demand

INSTANTS = st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2100, 1, 1), timezones=st.just(dt.UTC))  # noqa: DTZ001 - bounds of a strategy are naive
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
TWO_INPUTS = {"days_between", "minutes_between", "ratio", "difference"}


def feature(operation: OnDemandOperation, *inputs: str) -> OnDemand:
    return OnDemand(name="made", operation=operation, inputs=inputs, description="")


@pytest.mark.parametrize("operation", get_args(OnDemandOperation))
@given(rows=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=40))
def test_one_row_and_many_rows_give_the_same_bits(
    operation: OnDemandOperation, rows: list[tuple[float, float]]
) -> None:
    declared = feature(operation, "a", "b") if operation in TWO_INPUTS else feature(operation, "a")
    first, second = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    together = apply_on_demand([declared], {"a": first, "b": second})["made"]
    for row in range(len(rows)):
        alone = apply_on_demand([declared], {"a": first[row : row + 1], "b": second[row : row + 1]})["made"]
        assert np.array_equal(alone, together[row : row + 1], equal_nan=True)


@given(INSTANTS)
def test_parts_of_an_instant_equal_those_of_the_calendar(instant: dt.datetime) -> None:
    frame = {"t": np.array([instant.timestamp()])}
    wanted: tuple[OnDemandOperation, ...] = ("hour_of_day", "day_of_week", "half_hour_slot")
    made = {name: apply_on_demand([feature(name, "t")], frame)["made"][0] for name in wanted}
    assert made["hour_of_day"] == instant.hour
    assert made["day_of_week"] == instant.weekday()
    assert made["half_hour_slot"] == instant.hour * 2 + instant.minute // 30


def test_a_ratio_with_denominator_zero_is_missing() -> None:
    made = apply_on_demand([feature("ratio", "a", "b")], {"a": np.array([1.0, 6.0]), "b": np.array([0.0, 3.0])})["made"]
    assert math.isnan(made[0])
    assert made[1] == 2.0


def test_a_logarithm_at_minus_one_and_below_is_missing() -> None:
    made = apply_on_demand([feature("log1p", "a")], {"a": np.array([-1.0, -5.0, 0.0])})["made"]
    assert np.isnan(made[:2]).all()
    assert made[2] == 0.0


def test_a_later_feature_may_use_an_earlier_one() -> None:
    chain = [
        OnDemand(name="days", operation="days_between", inputs=("event_at", "past"), description=""),
        OnDemand(name="overdue", operation="ratio", inputs=("days", "gap"), description=""),
    ]
    frame = {"event_at": np.array([864_000.0]), "past": np.array([0.0]), "gap": np.array([5.0])}
    assert apply_on_demand(chain, frame)["overdue"].tolist() == [2.0]


def test_before_the_lookup_only_known_features_are_computed() -> None:
    wanted = [feature("half_hour_slot", "target_at"), feature("difference", "stored", "target_at")]
    assert set(apply_on_demand(wanted[:1], {"target_at": np.array([0.0])}, known_only=True)) == {"target_at", "made"}
    assert set(apply_on_demand(wanted[1:], {"target_at": np.array([0.0])}, known_only=True)) == {"target_at"}


def test_an_absent_input_is_named_with_its_product() -> None:
    with pytest.raises(MissingInputError, match="'b' of product 'churn'"):
        apply_on_demand([feature("ratio", "a", "b")], {"a": np.array([1.0])}, product="churn")
