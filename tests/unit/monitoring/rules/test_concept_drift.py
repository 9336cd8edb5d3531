"""The rule on concept drift: predictions that come true at another rate than they say ask for a new model."""

from pathlib import Path

import pytest

from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.promises import Observation
from platform_assets.monitoring.rules.observe import observe_rules
from platform_assets.settings import Settings
from tests.unit.monitoring.rules.test_accuracy_drop import AT, LATELY, LONG_AGO, Judged


def found(of: Judged) -> Observation:
    settings = Settings(home=of.table.settings.home, fsync=False, endpoint_port=of.port)
    observations = observe_rules(settings, open_ledger(settings.ledger_dsn), of.table.product, AT)
    return next(one for one in observations if one.promise == "rule_concept_drift")


@pytest.fixture
def churn(tmp_path: Path) -> Judged:
    return Judged(tmp_path)


@pytest.mark.parametrize(("came_true", "state"), [(600, "kept"), (690, "kept"), (750, "broken"), (450, "broken")])
def test_a_rate_that_lies_far_from_the_mean_prediction_breaks_the_rule(
    churn: Judged, came_true: int, state: str
) -> None:
    churn.add(1000, right=came_true, score=0.6)
    told = found(churn)
    assert told.state == state
    assert told.value == pytest.approx(abs(0.6 - came_true / 1000))
    assert told.facts["kind"] == "retrain"
    assert told.facts["told"].startswith(f"{came_true / 10:.1f}% of 1,000 predictions")


def test_too_few_labels_are_unknown(churn: Judged) -> None:
    churn.add(199, right=0, score=0.6)
    assert (found(churn).state, found(churn).value) == ("unknown", None)


def test_labels_of_long_ago_are_not_judged(churn: Judged) -> None:
    churn.add(1000, right=0, score=0.9, event_at=LONG_AGO)
    churn.add(300, right=270, score=0.9, event_at=LATELY)
    assert found(churn).state == "kept"


def test_an_estimate_promises_no_rate(tmp_path: Path) -> None:
    assert "only a probability" in found(Judged(tmp_path, "parking_demand")).facts["told"]
