"""The asset of outcomes in Dagster: what it counts, what it draws and what its checks say."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.orchestration.outcome_assets import outcome_assets
from tests.unit.batch.batch_home import AS_OF
from tests.unit.monitoring.outcomes.outcome_home import DAY, OutcomeHome, answer, outcome_home
from tests.unit.monitoring.rules.test_accuracy_drop import Judged

LONG_AGO = AS_OF - 93 * DAY  # known three days before the end of the data


@pytest.fixture
def home(tmp_path: Path) -> OutcomeHome:
    made = outcome_home(tmp_path)
    made.come_back([f"c{number}" for number in range(100)], after=-60 * DAY)
    return made


def test_labels_that_are_known_are_joined_drawn_and_counted(home: OutcomeHome) -> None:
    home.log(answer(number, event_at=LONG_AGO) for number in range(300))
    home.log([answer("late")])
    result = _materialized(home)
    told = _metadata(result)
    assert (told["dagster/row_count"], told["of_answers"], told["window_not_over"]) == (300, 300, 1)
    assert told["known_until"] == AS_OF.isoformat()
    drawn = str(told["performance"])
    assert "![accuracy by week](data:image/svg+xml;base64," in drawn
    assert "| r1 (v1) | online | - | all | 300 | 300 | 0.9 | 0.6667 | accuracy 0.6667 [" in drawn
    assert _metadata(_materialized(home))["dagster/row_count"] == 0


def test_the_checks_tell_missing_labels_and_a_release_that_is_worse_than_in_its_evaluation(tmp_path: Path) -> None:
    judged = Judged(tmp_path)
    judged.evaluated()
    judged.add(1000, right=700)
    checks = {one.check_name: one for one in _checks(judged)}
    assert checks["labels_arrive"].passed
    assert checks["labels_arrive"].description == "nothing is due"
    assert not checks["as_in_evaluation"].passed
    assert "84.0% in the evaluation: 14.0 points less" in str(checks["as_in_evaluation"].description)


def test_a_product_that_nothing_is_known_of_says_so(home: OutcomeHome) -> None:
    told = _metadata(_materialized(home))
    assert (told["dagster/row_count"], told["due"]) == (0, 0)
    assert told["performance"] == "no label is known yet of anything that was predicted"


def _materialized(home: OutcomeHome) -> dg.ExecuteInProcessResult:
    settings = dataclasses.replace(home.settings, clock_mode="replay")
    return dg.materialize(outcome_assets(home.product, settings))


def _metadata(result: dg.ExecuteInProcessResult) -> Mapping[str, object]:
    (event,) = result.get_asset_materialization_events()
    return {name: value.value for name, value in event.materialization.metadata.items()}


def _checks(judged: Judged) -> Sequence[dg.AssetCheckEvaluation]:
    result = dg.materialize(outcome_assets(judged.table.product, judged.table.settings))
    return result.get_asset_check_evaluations()
