"""Guardrails in a real batch: what they are given, what a refused batch leaves, what a warned one does."""

import datetime as dt
from pathlib import Path

import msgspec
import numpy as np
import pytest

from platform_assets.batch.flow import BatchOutcome
from platform_assets.batch.guarding.evidence import Evidence, Rows, parts_of
from platform_assets.batch.guarding.gather import gather
from platform_assets.batch.guarding.result import GuardrailResult
from platform_assets.batch.inputs import load_inputs
from platform_assets.batch.published_view import read_published
from platform_assets.contract.guardrails import GuardrailName, Limit
from platform_assets.inference.score_reference import REFERENCE_FILE, ScoreReference
from platform_assets.lakehouse.quarantine import list_quarantined
from tests.unit.batch.batch_home import AS_OF, BatchHome, make_home
from tests.unit.serving.conftest import Publisher

DAY = dt.timedelta(days=1)
MANY = tuple(f"c{number}" for number in range(60))


@pytest.fixture
def home(tmp_path: Path) -> BatchHome:
    made = make_home(tmp_path)
    fill(made, AS_OF - DAY)
    return made


def fill(home: BatchHome, day: dt.datetime, value: float | None = None) -> None:
    """Let sixty customers have features of that day, the same for all of them where a value is given."""
    home.write_customers(MANY)
    spread = np.linspace(-2.0, 2.0, len(MANY)).tolist()  # where the small model tells values apart
    values = {name: low if value is None else value for name, low in zip(MANY, spread, strict=True)}
    home.write_features(values, day=day, known_at=day)


def evidence(home: BatchHome, as_of: dt.datetime, version: int = 1) -> Evidence:
    rows = read_published(home.settings, home.product)
    inputs = load_inputs(home.settings, home.product, as_of)
    return gather(home.settings, home.ledger, home.batch_run(as_of, version=version), rows, inputs.rows)


def column_of(rows: Rows, name: str) -> list[str]:
    return [value for part in parts_of(rows, name) for value in part.column(name).to_pylist()]


def verdict(outcome: BatchOutcome, name: GuardrailName) -> GuardrailResult:
    return next(result for result in outcome.guardrails if result.guardrail == name)


def release_with_reference(home: BatchHome, reference: bytes) -> None:
    made = Publisher(home.settings.home).publish("churn", model_version=2, files={REFERENCE_FILE: reference})
    training_set = home.record("training_set", "churn", "d" * 64, [])
    home.record(
        "release", "churn", made.release_id, [home.record("bundle", "churn", made.bundle_digest, [training_set])]
    )


def test_the_first_batch_is_published_and_says_what_it_was_not_compared_with(home: BatchHome) -> None:
    outcome = home.run()
    assert outcome.published is not None
    assert verdict(outcome, "psi_from_last").unjudged == "nothing to compare with yet"
    assert verdict(outcome, "psi_from_training").unjudged == "nothing to compare with yet"


def test_a_batch_is_compared_with_the_published_one_before_it(home: BatchHome) -> None:
    home.run()
    found = evidence(home, AS_OF + DAY)
    assert found.last is not None
    assert (found.last.as_of, found.last.model_version) == (AS_OF, 1)
    assert sorted(column_of(found.last.rows.rows, "row_key")) == sorted(MANY)
    assert sorted(column_of(found.population, "customer_id")) == sorted(MANY)


def test_a_batch_is_compared_with_that_of_its_season_where_one_is_declared(home: BatchHome) -> None:
    for days in (0, 1, 2):
        fill(home, AS_OF + (days - 1) * DAY)
        home.run(AS_OF + days * DAY, run_id=f"run-{days}")
    guardrails = msgspec.structs.replace(home.product.guardrails, season_days=2)
    seasonal = BatchHome(home.settings, home.ledger, msgspec.structs.replace(home.product, guardrails=guardrails))
    found = evidence(seasonal, AS_OF + 2 * DAY)
    assert found.last is not None
    assert found.last.as_of == AS_OF


def test_a_refused_batch_keeps_all_its_reasons_with_their_numbers_and_changes_nothing(home: BatchHome) -> None:
    home.run()
    before = read_published(home.settings, home.product)
    fill(home, AS_OF, value=30.0)
    outcome = home.run(AS_OF + DAY, run_id="run-2")
    assert outcome.published is None
    (kept,) = list_quarantined(home.settings.quarantine_dir, "churn")
    refused = [result.guardrail for result in outcome.guardrails if not result.is_passed]
    assert [reason["guardrail"] for reason in kept.reasons] == refused
    assert {"same_score", "fewer_scores", "quantiles_from_last"} <= set(refused)
    assert all(reason["level"] == "fail" and reason["numbers"] for reason in kept.reasons)
    assert read_published(home.settings, home.product).equals(before)


def test_a_batch_that_guardrails_only_warn_of_is_published(home: BatchHome) -> None:
    home.run()
    limits = (Limit(guardrail="unmoved_scores", warn=0.5),)
    guardrails = msgspec.structs.replace(home.product.guardrails, limits=limits)
    lenient = BatchHome(home.settings, home.ledger, msgspec.structs.replace(home.product, guardrails=guardrails))
    outcome = lenient.run(AS_OF + DAY, run_id="run-2")
    assert verdict(outcome, "unmoved_scores").level == "warn"
    assert outcome.published is not None


def test_a_batch_whose_features_stood_still_is_refused_as_a_copy(home: BatchHome) -> None:
    home.run()
    outcome = home.run(AS_OF + DAY, run_id="run-2")
    assert [result.guardrail for result in outcome.guardrails if not result.is_passed] == ["unmoved_scores"]


def test_a_batch_is_compared_with_the_training_scores_of_its_bundle(home: BatchHome) -> None:
    reference = ScoreReference(rows=5000, scores=(0.95,) * 512, base_rate=0.9, base_rate_low=0.85, base_rate_high=0.99)
    release_with_reference(home, msgspec.json.encode(reference))
    outcome = home.run(version=2)
    assert evidence(home, AS_OF, version=2).reference == reference if outcome.published else True
    refused = {result.guardrail for result in outcome.guardrails if not result.is_passed}
    assert {"psi_from_training", "ks_from_training", "mean_score"} <= refused


def test_a_bundle_whose_training_had_no_score_has_no_reference(home: BatchHome) -> None:
    release_with_reference(home, b"null")
    assert verdict(home.run(version=2), "ks_from_training").unjudged == "nothing to compare with yet"


def test_scores_are_held_against_the_labels_that_have_arrived_since(home: BatchHome) -> None:
    home.run()
    later = AS_OF + 91 * DAY
    fill(home, later - DAY)
    found = evidence(home, later)
    assert found.matured is not None
    assert found.matured.as_of == AS_OF
    assert found.matured.labels.tolist() == [1.0] * len(MANY)  # nobody has bought since
    assert np.isfinite(found.matured.scores).all()


def test_no_labels_are_asked_for_before_their_horizon(home: BatchHome) -> None:
    home.run()
    assert evidence(home, AS_OF + 89 * DAY).matured is None


def test_a_batch_whose_inputs_are_gone_is_not_held_against_labels(home: BatchHome) -> None:
    home.run()
    load_inputs(home.settings, home.product, AS_OF).path.unlink()
    later = AS_OF + 91 * DAY
    assert evidence(home, later).matured is None
