"""A batch from the snapshot to its publication: once, whole, traceable, or in quarantine."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from platform_assets.batch import flow, publication
from platform_assets.batch.flow import BatchOutcome, release_to_score, run_batch
from platform_assets.batch.guarding.evidence import Evidence
from platform_assets.batch.guarding.judge import judge_batch
from platform_assets.batch.inputs import load_inputs
from platform_assets.batch.publication import BatchRun
from platform_assets.batch.published_view import (
    current,
    read_published,
)
from platform_assets.errors import ConcurrentCommitError, NoReleaseError, NotMaterializedError, VersionNotLiveError
from platform_assets.features.frames import to_frame
from platform_assets.inference.bundle import load_bundle
from platform_assets.inference.scoring import score
from platform_assets.lakehouse.orphans import find_orphans
from platform_assets.lakehouse.quarantine import list_quarantined
from platform_assets.lakehouse.read import read_table, table_version
from platform_assets.ledger.artifacts import artifacts
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.publications import Publication, publications, withdraw_publication
from platform_assets.ledger.quarantined import quarantined_batches
from tests.unit.batch.batch_home import AS_OF, CUSTOMERS, WALL, BatchHome, facts, make_home
from tests.unit.serving.conftest import Publisher

DAY = dt.timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path) -> BatchHome:
    return make_home(tmp_path)


def table_rows(home: BatchHome) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = read_table(home.settings.predictions_dir / home.product.name).to_pylist()
    return rows


def correct_features(home: BatchHome) -> None:
    """Let another value of each customer become known for the same day."""
    home.write_features(dict.fromkeys(CUSTOMERS, 7.5), day=AS_OF - DAY, known_at=AS_OF - DAY / 2)


def published(outcome: BatchOutcome) -> int:
    assert outcome.published is not None
    return outcome.published.record.revision


def test_a_batch_holds_the_scores_of_the_one_scoring_path_to_the_last_bit(home: BatchHome) -> None:
    home.run()
    rows = read_published(home.settings, home.product).sort_by("row_key")
    inputs = load_inputs(home.settings, home.product, AS_OF)
    release = release_to_score(home.settings, home.product, 1)
    scored = score(
        load_bundle(home.settings.home / release.bundle_path), to_frame(home.product, pq.read_table(inputs.path))
    )
    assert rows.column("row_key").to_pylist() == list(CUSTOMERS)
    assert rows.column("score").to_numpy().tobytes() == scored.score.tobytes()
    assert len(set(scored.score.tolist())) > 1
    assert np.array_equal(rows.column("uncertainty").to_numpy(), scored.uncertainty)


def test_every_prediction_has_an_id_of_its_own_that_another_run_repeats(home: BatchHome) -> None:
    home.run(run_id="run-1")
    first = {row["prediction_id"] for row in table_rows(home)}
    again = home.run(run_id="run-2")
    assert len(first) == len(CUSTOMERS)
    assert {row["prediction_id"] for row in table_rows(home)} == first
    assert again.published is not None
    assert not again.published.is_new


def test_the_same_as_of_again_publishes_nothing_new(home: BatchHome) -> None:
    home.run()
    version = table_version(home.settings.predictions_dir / "churn")
    files = sorted((home.settings.predictions_dir / "churn").rglob("*.parquet"))
    home.run(run_id="run-2")
    assert table_version(home.settings.predictions_dir / "churn") == version
    assert sorted((home.settings.predictions_dir / "churn").rglob("*.parquet")) == files
    assert len(publications(home.ledger, "churn")) == 1


def test_changed_inputs_append_a_second_revision_and_the_first_stays_in_the_table(home: BatchHome) -> None:
    home.run()
    first = {row["prediction_id"] for row in table_rows(home)}
    correct_features(home)
    assert published(home.run(run_id="run-2")) == 2
    shown = set(read_published(home.settings, home.product).column("prediction_id").to_pylist())
    assert shown.isdisjoint(first)
    assert {row["prediction_id"] for row in table_rows(home)} == first | shown


def test_a_run_killed_between_commit_and_record_is_completed_by_the_next(
    home: BatchHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_before_recording(home, monkeypatch)
    assert len(table_rows(home)) == len(CUSTOMERS)
    assert publications(home.ledger, "churn") == []
    outcome = home.run(run_id="run-2")
    assert outcome.published is not None
    assert not outcome.published.is_new
    assert [one.run_id for one in publications(home.ledger, "churn")] == ["run-1"]
    assert read_published(home.settings, home.product).num_rows == len(CUSTOMERS)
    assert len(table_rows(home)) == len(CUSTOMERS)


def test_a_lost_commit_keeps_its_revision_when_the_inputs_have_changed_since(
    home: BatchHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_before_recording(home, monkeypatch)
    correct_features(home)
    assert published(home.run(run_id="run-2")) == 2
    assert [one.run_id for one in publications(home.ledger, "churn")] == ["run-1", "run-2"]
    assert len(artifacts(home.ledger, "publication", "churn")) == 2


class Killed(BaseException):
    """Stands for the end of the process."""


def kill_before_recording(home: BatchHome, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("platform_assets.batch.publication._record", die)
        with pytest.raises(Killed):
            home.run(run_id="run-1")


def test_two_runs_that_race_for_one_revision_publish_the_same_batch_once(
    home: BatchHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_between_look_and_commit(monkeypatch, lambda: home.run(run_id="fast"))
    outcome = home.run(run_id="slow")
    assert outcome.published is not None
    assert not outcome.published.is_new
    assert [one.run_id for one in publications(home.ledger, "churn")] == ["fast"]
    assert len(table_rows(home)) == len(CUSTOMERS)


def test_a_batch_that_lost_the_race_to_another_one_is_published_when_it_is_run_again(
    home: BatchHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other() -> object:
        correct_features(home)
        return home.run(run_id="fast")

    run_between_look_and_commit(monkeypatch, other)
    with pytest.raises(ConcurrentCommitError):
        home.run(run_id="slow")
    shown = current(home.ledger, home.product)
    assert (shown.run_id, shown.revision) == ("fast", 1)
    assert read_published(home.settings, home.product).num_rows == shown.row_count


@pytest.mark.parametrize("is_known", [False, True], ids=["never published", "published before the correction"])
def test_a_run_that_was_held_up_does_not_replace_a_correction_by_what_it_read_before(
    home: BatchHome, monkeypatch: pytest.MonkeyPatch, *, is_known: bool
) -> None:
    if is_known:
        home.run(run_id="first")

    def hold_up(evidence: Evidence) -> object:
        monkeypatch.undo()
        correct_features(home)
        home.run(run_id="corrected")
        return judge_batch(evidence)

    monkeypatch.setattr(flow, "judge_batch", hold_up)
    with pytest.raises(ConcurrentCommitError):
        home.run(run_id="held up")
    assert current(home.ledger, home.product).run_id == "corrected"
    assert len(publications(home.ledger, "churn")) == 1 + is_known
    repeated = home.run(run_id="held up")
    assert repeated.published is not None
    assert (repeated.published.is_new, repeated.published.record.run_id) == (False, "corrected")
    assert find_orphans(home.settings.predictions_dir / "churn", now=WALL + 36500 * DAY, older_than=DAY) == []


def run_between_look_and_commit(monkeypatch: pytest.MonkeyPatch, other: Callable[[], object]) -> None:
    """Let another run publish after this one found its revision free."""
    really = publication.published_already
    waiting = [other]

    def look(ledger: Ledger, run: BatchRun, digest: str) -> Publication | None:
        found = really(ledger, run, digest)
        if waiting:
            waiting.pop()()
        return found

    monkeypatch.setattr(publication, "published_already", look)


def test_a_refused_batch_lies_in_quarantine_with_its_reasons_and_the_published_one_stays(home: BatchHome) -> None:
    home.run()
    before = read_published(home.settings, home.product)
    home.write_customers(CUSTOMERS[:2])
    outcome = home.run(AS_OF + DAY, run_id="run-2")
    assert outcome.published is None
    assert "row_count: 2 rows, at least 3 are due" in str(outcome.refusal())
    (kept,) = list_quarantined(home.settings.quarantine_dir, "churn")
    assert {reason["guardrail"] for reason in kept.reasons} == {"row_count", "row_count_change"}
    assert pq.read_table(kept.path / "rows.parquet").num_rows == kept.num_rows == 2
    assert [one.uri for one in quarantined_batches(home.ledger, "churn")] == [str(kept.path)]
    assert read_published(home.settings, home.product).equals(before)


def test_a_refused_batch_leaves_no_file_in_the_table_and_repeating_it_refuses_it_once(home: BatchHome) -> None:
    home.run()
    files = sorted((home.settings.predictions_dir / "churn").rglob("*.parquet"))
    home.write_customers(CUSTOMERS[:2])
    for run_id in ("run-2", "run-3"):
        assert home.run(AS_OF + DAY, run_id=run_id).published is None
    assert sorted((home.settings.predictions_dir / "churn").rglob("*.parquet")) == files
    assert len(quarantined_batches(home.ledger, "churn")) == 1


def test_scores_out_of_range_refuse_the_batch_with_their_number(home: BatchHome) -> None:
    home.release(model_version=2, constant=1.5)
    outcome = home.run(version=2)
    failed = {result.guardrail: result.numbers["outside"] for result in outcome.guardrails if not result.is_passed}
    assert failed == {"value_range": float(len(CUSTOMERS))}


def test_a_version_that_is_not_in_force_is_refused(home: BatchHome) -> None:
    home.release(model_version=2)
    with pytest.raises(VersionNotLiveError, match="version 1 is not in force, version 2 is"):
        release_to_score(home.settings, home.product, 1)


def test_a_product_without_a_release_is_not_scored(home: BatchHome) -> None:
    other = msgspec.structs.replace(home.product, name="clv")
    with pytest.raises(NoReleaseError):
        release_to_score(home.settings, other, 1)


def test_a_move_back_to_an_earlier_release_shows_its_batch_again(home: BatchHome) -> None:
    first = home.batch_run().release
    home.run()
    home.release(model_version=2, constant=0.25)
    home.run(version=2, run_id="run-2")
    assert current(home.ledger, home.product).model_version == 2
    Publisher(home.settings.home).point_at("churn", first.release_id)
    home.run(run_id="run-3")
    assert current(home.ledger, home.product).model_version == 1
    assert set(read_published(home.settings, home.product).column("release_id").to_pylist()) == {first.release_id}


def test_a_withdrawn_batch_is_not_shown_again_by_a_repeat(home: BatchHome) -> None:
    outcome = home.run()
    assert outcome.published is not None
    withdraw_publication(home.ledger, outcome.published.record.publication_id)
    home.run(run_id="run-2")
    with pytest.raises(NotMaterializedError):
        current(home.ledger, home.product)


def test_features_that_became_known_after_the_as_of_change_nothing(home: BatchHome) -> None:
    home.run()
    home.write_features(dict.fromkeys(CUSTOMERS, 99.0), day=AS_OF - DAY, known_at=AS_OF + DAY)
    again = home.run(run_id="run-2")
    assert again.published is not None
    assert not again.published.is_new


def test_a_batch_is_committed_from_what_was_staged_and_judged(home: BatchHome) -> None:
    run = home.batch_run()
    inputs = load_inputs(home.settings, home.product, AS_OF)
    outcome = run_batch(home.settings, home.ledger, run)
    log = home.settings.predictions_dir / "churn" / "_delta_log" / "00000000000000000001.json"
    information = next(json.loads(line)["commitInfo"] for line in log.read_text().splitlines() if "commitInfo" in line)
    assert outcome.published is not None
    assert information["batch_digest"] == outcome.published.record.digest
    assert information["row_count"] == str(inputs.num_rows)
    assert information["run_id"] == facts().run_id
