"""Rules over the prediction log: scores and features beside those of training, in sigmas and shares."""

import datetime as dt
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from platform_assets.contract.prediction_log import PredictionLogEntry
from platform_assets.inference.score_reference import REFERENCE_FILE
from platform_assets.lakehouse.publish import append_once
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.manifest import record
from platform_assets.ledger.promises import Observation, record_observations
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.monitoring.log_rows import PARTITIONS, log_rows
from platform_assets.monitoring.rules.observe import observe_rules
from platform_assets.settings import Settings
from platform_assets.training.score_reference import make_reference
from tests.conftest import free_port
from tests.unit.serving.conftest import Publisher, product_named
from tests.unit.serving.test_prediction_log import ENTRY

AT = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
CHURN = product_named("churn")
COLUMNS = CHURN.stored_columns
DRIFTING = "order_count"
RANDOM = np.random.default_rng(3)
BY_LABELS = {"accuracy_drop", "concept_drift"}
EVERY = {"score_shift", "feature_drift", "feature_shift", "feature_spread_drift", "feature_spread", *BY_LABELS}
TRAINED = RANDOM.beta(2, 5, 3000)


class Logs:
    """A home with a release that was trained on made-up rows, and answers of it."""

    def __init__(self, home: Path) -> None:
        """Release a model; its training set is not there yet."""
        # Nothing listens there: what the endpoint would tell is left out.
        self.settings = Settings(home=home, fsync=False, endpoint_port=free_port())
        self.ledger: Ledger = open_ledger(self.settings.ledger_dsn)
        labels, as_of = TRAINED > 0.3, np.full(len(TRAINED), np.datetime64("2011-01-01"))
        reference = make_reference(TRAINED, labels=labels.astype(float), as_of=as_of)
        files = {REFERENCE_FILE: msgspec.json.encode(reference)}
        self.release = Publisher(home).publish("churn", files=files)
        self._written = 0

    def train(self) -> None:
        values = {name: pa.array(RANDOM.normal(10.0, 2.0, 3000)) for name in COLUMNS if not name.endswith("_at")}
        path = self.settings.training_dir / "churn" / "set.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(pa.table(values), path)
        facts = RunFacts("run", AT, "c" * 16)
        record(self.ledger, facts, kind="training_set", name="churn", digest="a" * 64, uri=str(path), inputs=[])

    def log(
        self, scores: np.ndarray[tuple[int], np.dtype[np.float64]], *, shift: float = 0.0, times: float = 1.0
    ) -> None:
        center = [10.0 + (2.0 * shift if name == DRIFTING else 0.0) for name in COLUMNS]
        spread = [2.0 * (times if name == DRIFTING else 1.0) for name in COLUMNS]
        rows = RANDOM.normal(center, spread, (len(scores), len(COLUMNS))).tolist()
        self._write([self._entry(score, row) for score, row in zip(scores.tolist(), rows, strict=True)])

    def find(self, *, hours: float = 0.0) -> dict[str, Observation]:
        found = observe_rules(self.settings, self.ledger, CHURN, AT + hours * HOUR)
        record_observations(self.ledger, found, AT + hours * HOUR)
        return {one.promise.removeprefix("rule_"): one for one in found}

    def _entry(self, score: float, features: list[float]) -> PredictionLogEntry:
        self._written += 1
        return msgspec.structs.replace(
            ENTRY,
            prediction_id=f"p{self._written}",
            predicted_at=AT - HOUR,
            score=score,
            features=features,
            release_id=self.release.release_id,
            fallback="none",
            reason=None,
        )

    def _write(self, entries: list[PredictionLogEntry]) -> None:
        append_once(
            self.settings.prediction_log_dir,
            log_rows(entries),
            app_id="log",
            version=self._written,
            partition_by=PARTITIONS,
            metadata={},
            fsync=False,
        )


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    return Logs(tmp_path)


def test_scores_like_those_of_training_are_no_shift_and_moved_ones_ask_for_a_new_model(logs: Logs) -> None:
    logs.log(RANDOM.beta(2, 5, 1000))
    assert logs.find()["score_shift"].state == "kept"
    logs.log(RANDOM.beta(5, 2, 1000))
    found = logs.find(hours=1)["score_shift"]
    assert (found.state, found.unit) == ("broken", "share of the predictions")
    assert found.value is not None
    assert found.value > 0.10
    assert found.facts["response"].startswith("retrain: ")


@pytest.mark.parametrize(
    ("shift", "drift", "moved"), [(0.5, "kept", "kept"), (2.5, "at_risk", "kept"), (3.5, "at_risk", "broken")]
)
def test_a_feature_warns_beyond_two_sigmas_and_alerts_beyond_three(
    logs: Logs, shift: float, drift: str, moved: str
) -> None:
    logs.train()
    logs.log(RANDOM.beta(2, 5, 800), shift=shift)
    found = logs.find()
    assert (found["feature_drift"].state, found["feature_shift"].state) == (drift, moved)
    assert found["feature_shift"].value == pytest.approx(shift, abs=0.25)
    if shift > 1.0:
        assert found["feature_shift"].facts["feature"] == DRIFTING


@pytest.mark.parametrize(
    ("times", "drift", "moved"), [(1.3, "kept", "kept"), (2.6, "at_risk", "kept"), (0.2, "at_risk", "broken")]
)
def test_a_spread_warns_beyond_a_factor_of_two_and_alerts_beyond_three_grown_or_shrunk(
    logs: Logs, times: float, drift: str, moved: str
) -> None:
    logs.train()
    logs.log(RANDOM.beta(2, 5, 800), times=times)
    found = logs.find()
    assert (found["feature_spread_drift"].state, found["feature_spread"].state) == (drift, moved)
    assert found["feature_shift"].state == "kept"
    if drift != "kept":
        assert found["feature_spread"].facts["feature"] == DRIFTING


def test_what_cannot_be_computed_is_unknown_and_says_why(logs: Logs) -> None:
    found = logs.find()
    assert {one.state for one in found.values()} == {"unknown"}
    assert "0 logged scores" in found["score_shift"].facts["told"]
    assert "training set of the release is not there" in found["feature_shift"].facts["told"]
    assert "0 labels of the release in force" in found["accuracy_drop"].facts["told"]
    logs.train()
    assert "0 logged rows" in logs.find(hours=1)["feature_shift"].facts["told"]


def test_answers_of_long_ago_or_of_another_release_are_not_judged(logs: Logs) -> None:
    logs.log(RANDOM.beta(5, 2, 1000))
    assert logs.find(hours=24 * 8)["score_shift"].state == "unknown"


def test_the_log_is_read_again_after_a_quarter_of_an_hour_only(logs: Logs) -> None:
    assert set(logs.find()) == EVERY
    assert logs.find(hours=0.1) == {}
    assert set(logs.find(hours=0.3)) == EVERY


def test_a_product_without_a_release_in_force_has_no_rules(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, fsync=False)
    assert observe_rules(settings, open_ledger(settings.ledger_dsn), CHURN, AT) == []
