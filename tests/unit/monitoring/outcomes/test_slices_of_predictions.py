"""Slices of predictions come from the inputs that the model saw: of the log, and of the recorded inputs of a batch."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import msgspec

from platform_assets.contract.evaluation import Slice
from platform_assets.monitoring.outcomes.answers import answer_parts
from platform_assets.monitoring.outcomes.predictions import Look
from platform_assets.monitoring.outcomes.slices import slices_of
from tests.unit.batch.batch_home import CUSTOMERS
from tests.unit.monitoring.outcomes.outcome_home import OutcomeHome, answer, outcome_home
from tests.unit.monitoring.outcomes.outcome_table import PARKING

AT = dt.datetime(2016, 12, 10, 8, tzinfo=dt.UTC)


def test_an_answer_lies_in_the_slices_of_its_logged_features_and_request(tmp_path: Path) -> None:
    home = outcome_home(tmp_path)
    stored = [0.5] * len(PARKING.stored_columns)
    stored[PARKING.stored_columns.index("observed_at")] = (AT - dt.timedelta(minutes=5)).timestamp()
    told = {"product": PARKING.name, "event_at": AT, "row_keys": {"parking_bay_id": "p", "target_at": AT.isoformat()}}
    soon, late = (AT + dt.timedelta(minutes=minutes) for minutes in (30, 480))
    home.log(
        [
            answer(1, **told, request={"target_at": soon.isoformat()}, features=stored),
            answer(2, **told, request={"target_at": late.isoformat()}, features=stored[:3]),
        ]
    )
    (part,) = answer_parts(home.settings, PARKING, Look(AT))
    found = dict(zip(part.facts.column("prediction_id").to_pylist(), slices_of(PARKING, part.inputs), strict=True))
    assert found == {"churn-20111210-o-1": ["30_minutes_ahead"], "churn-20111210-o-2": ["day_ahead"]}


def test_a_row_of_a_batch_lies_in_the_slices_of_its_recorded_inputs(tmp_path: Path) -> None:
    home = outcome_home(tmp_path)
    home.come_back([])
    home.home.run()
    # The customers of the home have 0, 1, 2, ... orders.
    many = (Slice(name="many_orders", column="order_count", low=3, high=9),)
    sliced = OutcomeHome(replace(home.home, product=msgspec.structs.replace(home.product, slices=many)))
    assert sliced.join().rows == len(CUSTOMERS)
    rows = {row["entity_id"]: row["slices"] for row in home.outcomes().to_pylist()}
    assert rows == {"11": [], "12": [], "13": [], "14": ["many_orders"], "15": ["many_orders"]}


def test_where_the_recorded_inputs_are_gone_a_row_is_joined_and_in_no_slice(tmp_path: Path) -> None:
    home = outcome_home(tmp_path)
    home.come_back([])
    home.home.run()
    for path in (home.settings.lake_dir / "batch_inputs").rglob("*.parquet"):
        path.unlink()
    every = (Slice(name="everybody", column="order_count", low=0, high=9),)
    sliced = OutcomeHome(replace(home.home, product=msgspec.structs.replace(home.product, slices=every)))
    assert sliced.join().rows == len(CUSTOMERS)
    assert home.outcomes().column("slices").to_pylist() == [[]] * len(CUSTOMERS)
