"""The rule on lost accuracy: labels that became known lately, beside the evaluation of the release in force."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from platform_assets.inference.release import Release
from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.promises import Observation
from platform_assets.monitoring.rules.observe import observe_rules
from platform_assets.registry.versions import judgement_path
from platform_assets.settings import Settings
from platform_assets.training.candidates import Judgement
from platform_assets.training.evaluation import AtThreshold, Evaluation, Measurement
from tests.conftest import free_port
from tests.unit.monitoring.outcomes.outcome_table import CHURN, DAY, PARKING, OutcomeTable
from tests.unit.serving.conftest import Publisher, product_named

AT = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
LATELY = dt.datetime(2011, 12, 10, tzinfo=dt.UTC) - 92 * DAY  # known two days before the end of the data
LONG_AGO = LATELY - 10 * DAY
# Of 1,000 rows 400 leave; 320 of them and 80 others are named: 840 labels are right.
SOUND = AtThreshold(threshold=0.5, precision=0.8, recall=0.8, f1=0.8)


class Judged:
    """A product with a release in force, whose evaluation is kept as training keeps it."""

    def __init__(self, home: Path, name: str = "churn") -> None:
        """Put a release in force; its evaluation is not there yet."""
        self.table = OutcomeTable(home, product_named(name))
        self.release: Release = Publisher(home).publish(name)
        self.port = free_port()

    def evaluated(self, at_threshold: AtThreshold | None = SOUND, mae: float | None = None) -> None:
        measured = [Measurement(slice="all", scorer="model", metric="mae", value=mae, low=None, high=None, rows=1000)]
        evaluation = Evaluation(
            product=self.table.product.name,
            train_rows=5000,
            test_rows=1000,
            train_mean_label=0.4,
            test_mean_label=0.4,
            invalid_rows=0,
            measurements=measured,
            comparisons=[],
            calibration=None,
            interval_coverage=None,
            at_threshold=at_threshold,
        )
        content = msgspec.json.encode(Judgement(evaluation=evaluation, gates=[], parameters={}))
        judgement_path(self.table.settings.home / self.release.bundle_path).write_bytes(content)

    def add(self, count: int, **changes: object) -> None:
        told = {"event_at": LATELY, "release_id": self.release.release_id, **changes}
        self.table.add(count, **told)  # type: ignore[arg-type]  # as the test says

    def found(self) -> Observation:
        settings = Settings(home=self.table.settings.home, fsync=False, endpoint_port=self.port)
        found = observe_rules(settings, open_ledger(settings.ledger_dsn), self.table.product, AT)
        return next(one for one in found if one.promise == "rule_accuracy_drop")


@pytest.fixture
def churn(tmp_path: Path) -> Judged:
    made = Judged(tmp_path)
    made.evaluated()
    return made


def test_as_right_as_in_the_evaluation_is_kept(churn: Judged) -> None:
    churn.add(1000, right=820)
    found = churn.found()
    assert found.state == "kept"
    assert found.value == pytest.approx(0.02)
    assert found.facts["told"].startswith("82.0% of 1,000 labels of the last 7 days came true, 84.0% in the evaluation")


def test_a_drop_beyond_the_level_breaks_the_rule_and_asks_for_a_candidate(churn: Judged) -> None:
    churn.add(1000, right=760)
    found = churn.found()
    assert (found.state, found.limit) == ("broken", 0.05)
    assert found.value == pytest.approx(0.08)
    assert found.facts["response"].startswith("retrain: ")
    assert found.facts["evaluation"] == pytest.approx(0.84)


def test_too_few_labels_are_unknown_and_say_how_long_one_takes(churn: Judged) -> None:
    churn.add(199, right=20)
    found = churn.found()
    assert (found.state, found.value) == ("unknown", None)
    assert "199 labels of the release in force" in found.facts["told"]
    assert "90 days after its prediction" in found.facts["told"]


def test_a_drop_that_few_labels_do_not_show_is_no_alarm(churn: Judged) -> None:
    churn.add(200, right=157, entity_id="one customer")
    found = churn.found()
    assert found.state == "kept"
    assert found.value is not None
    assert found.value > 0.05
    assert "which so few labels do not show" in found.facts["told"]


def test_labels_of_long_ago_and_of_other_releases_are_not_judged(churn: Judged) -> None:
    churn.add(1000, right=100, event_at=LONG_AGO)
    churn.add(1000, right=100, release_id="another")
    churn.add(300, right=252)
    assert churn.found().state == "kept"


def test_batches_and_answers_are_judged_together_and_fallbacks_are_not(churn: Judged) -> None:
    churn.add(150, right=126)
    churn.add(150, right=126, mode="batch")
    churn.add(500, right=0, fallback="default_score")
    found = churn.found()
    assert found.state == "kept"
    assert found.facts["told"].startswith("84.0% of 300 labels")


def test_without_a_threshold_the_growth_of_the_error_is_held(tmp_path: Path) -> None:
    parking = Judged(tmp_path, "parking_demand")
    parking.evaluated(at_threshold=None, mae=0.1)
    lately = dt.datetime(2016, 12, 17, tzinfo=dt.UTC)
    outcome = {"event_at": lately, "known_at": lately + DAY, "is_right": None}
    parking.add(300, score=0.5, truth=0.398, **outcome)
    assert parking.found().state == "kept"
    parking.add(300, score=0.5, truth=0.35, **outcome)
    found = Judged.found(parking)
    assert found.state == "broken"
    assert found.value == pytest.approx(0.26)
    assert "its error is held instead: 0.126 over 600 labels" in found.facts["told"]
    assert PARKING.score.threshold is None


def test_what_cannot_be_held_against_anything_says_why(tmp_path: Path) -> None:
    bare = Judged(tmp_path)
    bare.add(300, right=10)
    assert "evaluation of the release is not kept" in bare.found().facts["told"]
    bare.evaluated(AtThreshold(threshold=0.5, precision=0.0, recall=0.0, f1=0.0))
    assert "not measured because" in bare.found().facts["told"]
    assert CHURN.score.threshold is not None


@pytest.mark.parametrize(
    ("precision", "recall", "accuracy"), [(0.8, 0.8, 0.84), (1.0, 1.0, 1.0), (0.5, 1.0, 0.6), (None, 0.0, 0.6)]
)
def test_the_accuracy_of_an_evaluation_follows_from_precision_recall_and_rate(
    tmp_path: Path, precision: float | None, recall: float, accuracy: float
) -> None:
    made = Judged(tmp_path)
    made.evaluated(AtThreshold(threshold=0.5, precision=precision, recall=recall, f1=None))
    made.add(1000, right=700)
    assert made.found().facts["evaluation"] == pytest.approx(accuracy)
