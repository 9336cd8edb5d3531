"""Batches of two versions of an output: each is read as what it is, and none breaks what its readers rely on."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from platform_assets.batch.published_view import remove_published_view, write_published_view
from platform_assets.errors import (
    ContractBrokenError,
    NotMaterializedError,
    OutputVersionRetiredError,
    UnknownOutputVersionError,
)
from platform_assets.ledger.publications import publications, withdraw_publication
from platform_assets.published.rows import PublishedRows, published_path, read_published_rows, refresh_status
from platform_assets.published.status import status_path
from platform_assets.published.versions import version_path
from tests.unit.batch.batch_home import AS_OF, CUSTOMERS, WALL, BatchHome, make_home
from tests.unit.contract.contract_samples import FIRST, second_score
from tests.unit.serving.conftest import product_named

DAY = dt.timedelta(days=1)
CHURN = product_named("churn")
OF_FIRST, OF_SECOND = 0.25, 75.0


@pytest.fixture
def first(tmp_path: Path) -> BatchHome:
    """Give a home with a batch of the first version."""
    made = make_home(tmp_path)
    made.release(model_version=2, constant=OF_FIRST)
    assert made.run(AS_OF - 9 * DAY, version=2, run_id="first").published is not None
    write_published_view(made.settings, made.product, at=WALL)
    return made


@pytest.fixture
def home(first: BatchHome) -> BatchHome:
    """Give the same home after the second version was declared."""
    return replace(first, product=second_score(first.product))


def take_over(home: BatchHome) -> None:
    home.release(model_version=3, constant=OF_SECOND, product=second_score(CHURN))
    outcome = home.run(AS_OF, version=3, run_id="second")
    assert outcome.published is not None, outcome.refusal()
    write_published_view(home.settings, home.product, at=WALL)


def read(home: BatchHome, version: int | None, *, at: dt.datetime = WALL) -> PublishedRows:
    return read_published_rows(home.settings, home.product, at=at, version=version)


def seen(rows: PublishedRows) -> set[tuple[int, float]]:
    told = rows.table.select(["output_schema_version", "score"]).to_pylist()
    assert len(told) == len(CUSTOMERS)
    return {(row["output_schema_version"], row["score"]) for row in told}


def test_both_versions_are_read_after_the_second_took_over(home: BatchHome) -> None:
    take_over(home)
    assert seen(read(home, 2)) == seen(read(home, None)) == {(2, OF_SECOND)}
    assert seen(read(home, 1)) == {(1, OF_FIRST)}


def test_the_first_batch_of_a_version_is_compared_with_none_of_another(home: BatchHome) -> None:
    home.release(model_version=3, constant=OF_SECOND, product=second_score(CHURN))
    outcome = home.run(AS_OF, version=3)
    silent = {result.guardrail for result in outcome.guardrails if result.unjudged is not None}
    assert {"score_jumps", "population"} & {result.guardrail for result in outcome.guardrails} <= silent
    assert outcome.published is not None


def test_the_earlier_version_grows_old_and_says_so(home: BatchHome) -> None:
    take_over(home)
    assert (read(home, 1).status.is_stale, read(home, 2).status.is_stale) == (True, False)
    assert set(read(home, 1).table.column("age_seconds").to_pylist()) == {9 * DAY.total_seconds()}
    assert set(read(home, 1).table.column("action_allowed").to_pylist()) == {False}


def test_until_a_batch_of_the_next_version_is_there_the_current_file_is_of_the_earlier_one(home: BatchHome) -> None:
    write_published_view(home.settings, home.product, at=WALL)
    assert seen(read(home, 1)) == {(1, OF_FIRST)}
    with pytest.raises(NotMaterializedError, match="version 2"):
        read(home, 2)


def test_from_its_sunset_on_a_version_is_refused_and_its_file_goes(home: BatchHome) -> None:
    take_over(home)
    path = version_path(home.settings, "churn", 1)
    assert path.exists()
    with pytest.raises(OutputVersionRetiredError, match="read version 2"):
        read(home, 1, at=FIRST.sunset_at)
    write_published_view(home.settings, home.product, at=FIRST.sunset_at)
    assert not path.exists()
    assert published_path(home.settings, "churn").exists()


def test_a_version_that_never_was_is_refused_with_those_that_are(home: BatchHome) -> None:
    with pytest.raises(UnknownOutputVersionError, match="offered are 2, 1"):
        read(home, 3)


def test_writing_again_leaves_the_file_of_the_earlier_version_alone(home: BatchHome) -> None:
    take_over(home)
    path = version_path(home.settings, "churn", 1)
    before = path.stat()
    write_published_view(home.settings, home.product, at=WALL)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_withdrawn_batch_is_taken_from_readers_of_its_version_too(home: BatchHome) -> None:
    take_over(home)
    (first, second) = publications(home.ledger, "churn")
    withdraw_publication(home.ledger, first.publication_id)
    write_published_view(home.settings, home.product, at=WALL)
    assert not version_path(home.settings, "churn", 1).exists()
    take_over(home)
    withdraw_publication(home.ledger, second.publication_id)
    remove_published_view(home.settings, home.ledger, home.product)
    assert list(home.settings.published_dir.glob("churn*")) == []


class Killed(BaseException):
    """The process dies."""


@pytest.mark.parametrize("unlinked", range(5))
def test_what_is_withdrawn_is_gone_wherever_the_removal_was_killed_before(
    home: BatchHome, monkeypatch: pytest.MonkeyPatch, unlinked: int
) -> None:
    take_over(home)
    for one in publications(home.ledger, "churn"):
        withdraw_publication(home.ledger, one.publication_id)
    unlink, gone = Path.unlink, list[str]()

    def unlink_or_die(path: Path, missing_ok: bool = False) -> None:  # noqa: FBT001, FBT002 - as pathlib has it
        if len(gone) == unlinked:
            raise Killed
        gone.append(path.name)
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as dying:
        dying.setattr(Path, "unlink", unlink_or_die)
        with pytest.raises(Killed):
            remove_published_view(home.settings, home.ledger, home.product)
    assert status_path(home.settings, "churn").exists() == (unlinked == 0)
    remove_published_view(home.settings, home.ledger, home.product)
    assert list(home.settings.published_dir.glob("churn*")) == []


def test_a_status_that_is_refreshed_during_the_removal_does_not_outlive_the_batch(
    home: BatchHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_over(home)
    for one in publications(home.ledger, "churn"):
        withdraw_publication(home.ledger, one.publication_id)
    unlink = Path.unlink

    def refresh_before(path: Path, missing_ok: bool = False) -> None:  # noqa: FBT001, FBT002 - as pathlib has it
        if path == published_path(home.settings, "churn"):
            assert refresh_status(home.settings, home.product, at=WALL) is not None
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refresh_before)
    remove_published_view(home.settings, home.ledger, home.product)
    assert list(home.settings.published_dir.glob("churn*")) == []


def test_where_nothing_was_ever_published_nothing_is_removed(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    remove_published_view(home.settings, home.ledger, home.product)
    assert not home.settings.published_dir.exists()


def test_a_batch_that_breaks_its_version_is_refused_before_it_is_scored(first: BatchHome) -> None:
    wider = msgspec.structs.replace(CHURN, score=msgspec.structs.replace(CHURN.score, high=2.0))
    first.release(model_version=3, constant=1.5, product=wider)
    with pytest.raises(ContractBrokenError, match=r"version 1 .* score.high rises from 1 to 2"):
        first.run(AS_OF, version=3)
    assert [one.model_version for one in publications(first.ledger, "churn")] == [2]
    assert pq.read_table(published_path(first.settings, "churn")).column("score").to_pylist() == [OF_FIRST] * 5


def test_the_way_back_to_an_earlier_release_is_never_a_break(first: BatchHome) -> None:
    narrower = msgspec.structs.replace(CHURN, score=msgspec.structs.replace(CHURN.score, high=0.9))
    first.release(model_version=3, constant=OF_FIRST, product=narrower)
    later = first.run(AS_OF, version=3)
    assert later.published is not None, later.refusal()
    first.release(model_version=2, constant=OF_FIRST)
    assert first.run(AS_OF, version=2, run_id="back").published is not None
