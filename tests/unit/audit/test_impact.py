"""Forward: what was made from a thing, whose predictions it reached and who reads them."""

import dataclasses
from pathlib import Path

import pytest

from platform_assets.audit.impact import Impact, affected_ids, find_impact
from platform_assets.audit.subjects import find_subject
from platform_assets.audit.touched import write_ids
from platform_assets.batch.published_view import read_published
from platform_assets.errors import AmbiguousRecordError, UnknownRecordError
from platform_assets.lakehouse.read import read_table
from platform_assets.ledger.artifacts import artifact_id, record_artifact
from platform_assets.ledger.publications import publications
from tests.unit.audit.audit_home import DAY, SNAPSHOT, two_days
from tests.unit.batch.batch_home import AS_OF, CUSTOMERS, RAW_DIGEST, WALL, BatchHome, make_home

MENDED = "e" * 64
NO_STORE = "redis://127.0.0.1:1/0"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> BatchHome:
    made = two_days(tmp_path_factory.mktemp("impact"))
    return dataclasses.replace(made, settings=dataclasses.replace(made.settings, redis_url=NO_STORE))


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> BatchHome:
    """Give a home whose raw file came again in another edition, from which staging and history were built again."""
    made = make_home(tmp_path_factory.mktemp("mended"))
    made.record("raw_file", made.product.dataset, MENDED, [])
    made.write_customers([*CUSTOMERS, "16"])
    made.write_features(dict.fromkeys(CUSTOMERS, 4.0), day=AS_OF - DAY, known_at=WALL)
    return made


def impact_of(home: BatchHome, thing: str) -> Impact:
    return find_impact(home.settings, home.ledger, find_subject(home.ledger, thing))


def test_a_raw_file_reaches_every_batch_answer_and_reader(home: BatchHome) -> None:
    found = impact_of(home, home.product.dataset)
    assert {one.kind for one in found.made} >= {"staging", "feature_history", "release", "publication", "batch_input"}
    assert [one.publication.as_of for one in found.batches] == ["2011-12-01", "2011-12-10"]
    assert (found.rows, sum(one.answers for one in found.answers)) == (2 * len(CUSTOMERS), 5)
    assert found.products == ("churn",)
    assert {one.output for one in found.readers} == {"published_predictions", "online_predictions"}
    assert found.waiting_answers is None  # the store is away, and that is said


def test_a_snapshot_reaches_the_answers_that_were_made_from_it_and_no_batch(home: BatchHome) -> None:
    found = impact_of(home, SNAPSHOT)
    assert [(one.snapshot_id, one.fallback, one.answers) for one in found.answers] == [(SNAPSHOT, "none", 3)]
    assert found.batches == ()


def test_a_batch_reaches_its_own_rows_and_the_answers_that_fell_back_on_it(home: BatchHome) -> None:
    old, new = publications(home.ledger, "churn")
    for batch, expected in ((old, []), (new, [("last_batch", 1)])):
        found = impact_of(home, f"publication:{batch.publication_id}")
        assert [(one.fallback, one.answers) for one in found.answers] == expected
        assert [one.publication.publication_id for one in found.batches] == [batch.publication_id]
        assert found.batches[0].is_shown


def test_a_release_reaches_its_batches_and_answers(home: BatchHome) -> None:
    found = impact_of(home, home.batch_run().release.release_id)
    assert found.rows == 2 * len(CUSTOMERS)
    assert {one.fallback: one.answers for one in found.answers} == {"none": 3, "default_score": 1, "last_batch": 1}


def test_the_ids_of_all_that_is_affected_are_listed_once_in_a_file(home: BatchHome, tmp_path: Path) -> None:
    path = tmp_path / "ids"
    written = write_ids(path, affected_ids(home.settings, home.ledger, impact_of(home, RAW_DIGEST)))
    told = path.read_text().splitlines()
    batch = read_table(home.settings.predictions_dir / "churn").column("prediction_id").to_pylist()
    assert written == len(told) == len(set(told)) == len(batch) + 5
    assert set(batch) | set(read_published(home.settings, home.product)["prediction_id"].to_pylist()) < set(told)
    with pytest.raises(FileExistsError):
        write_ids(path, iter(()))


def test_a_later_build_of_an_affected_history_is_told_although_it_was_made_from_something_else(
    mended: BatchHome,
) -> None:
    found = impact_of(mended, RAW_DIGEST)
    assert len(found.continued_by) == 1
    assert found.continued_by[0] not in {one.artifact_id for one in found.made}


def test_a_chain_of_two_thousand_steps_is_followed_to_its_end(home: BatchHome) -> None:
    told = find_subject(home.ledger, RAW_DIGEST).artifact_id
    with home.ledger.transaction():
        for step in range(2_000):
            told = record_artifact(
                home.ledger,
                kind="staging",
                name="deep",
                digest=f"{step:064x}"[::-1],
                uri="",
                inputs=[told],
                run_id="",
                code_version="",
                created_at=WALL,
            )
    assert told in {one.artifact_id for one in impact_of(home, RAW_DIGEST).made}


@pytest.mark.parametrize("thing", ["", "nothing", "abcdef0123", "churn/9", "%", "raw_file:_", "raw_file:online@x"])
def test_a_thing_that_is_nowhere_is_unknown_and_not_guessed(home: BatchHome, thing: str) -> None:
    with pytest.raises(UnknownRecordError):
        find_subject(home.ledger, thing)


def test_a_name_that_several_things_go_by_is_refused_with_their_ids(mended: BatchHome) -> None:
    second = artifact_id("raw_file", mended.product.dataset, MENDED)
    with pytest.raises(AmbiguousRecordError, match=second):
        find_subject(mended.ledger, mended.product.dataset)
    assert find_subject(mended.ledger, MENDED).artifact_id == second
    assert find_subject(mended.ledger, second).artifact_id == second
