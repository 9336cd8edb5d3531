"""Publications: revisions grow, the pointer follows, a repeat changes nothing."""

import datetime as dt

import pytest

from platform_assets.errors import RecordConflictError, UnknownRecordError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.publications import (
    Publication,
    current_publication,
    next_revision,
    publication_before,
    publications,
    record_publication,
    withdraw_publication,
)

AT = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
DAY = "2011-12-09"


def publish(
    ledger: Ledger, digest: str, *, as_of: str = DAY, model_version: int = 1, revision: int | None = None
) -> Publication:
    told = revision or next_revision(ledger, "churn", as_of, model_version)
    return record_publication(
        ledger,
        product="churn",
        as_of=as_of,
        model_version=model_version,
        revision=told,
        release_id="r1",
        row_count=3,
        digest=digest,
        delta_version=told,
        published_at=AT,
        run_id="run",
    )


def current(ledger: Ledger, as_of: str | None = None) -> str | None:
    found = current_publication(ledger, "churn", as_of)
    return found.digest if found else None


def test_nothing_is_published_at_first(ledger: Ledger) -> None:
    assert current(ledger) is None
    assert next_revision(ledger, "churn", DAY, 1) == 1


def test_a_reprocess_appends_a_revision_and_moves_the_pointer(ledger: Ledger) -> None:
    publish(ledger, "a")
    again = publish(ledger, "b")
    assert again.revision == 2
    assert current(ledger, DAY) == "b"
    assert [(one.revision, one.digest) for one in publications(ledger, "churn")] == [(1, "a"), (2, "b")]


def test_the_same_batch_again_returns_its_record_and_moves_nothing(ledger: Ledger) -> None:
    first = publish(ledger, "a")
    publish(ledger, "b")
    assert publish(ledger, "a", revision=3) == first
    assert current(ledger) == "b"


def test_a_revision_that_another_batch_has_is_refused(ledger: Ledger) -> None:
    publish(ledger, "a")
    with pytest.raises(RecordConflictError, match="revision 1"):
        publish(ledger, "b", revision=1)
    assert current(ledger) == "a"


def test_revisions_count_per_as_of_and_model_version(ledger: Ledger) -> None:
    publish(ledger, "a")
    assert publish(ledger, "b", model_version=2).revision == 1
    assert publish(ledger, "c", as_of="2011-12-08").revision == 1
    assert current(ledger, DAY) == "b"


def test_the_current_batch_is_that_of_the_newest_as_of(ledger: Ledger) -> None:
    publish(ledger, "new")
    publish(ledger, "late", as_of="2011-12-08")
    assert current(ledger) == "new"
    before = publication_before(ledger, "churn", DAY)
    assert before is not None
    assert before.digest == "late"
    assert publication_before(ledger, "churn", "2011-12-08") is None


def test_withdrawing_what_is_shown_brings_back_the_batch_before(ledger: Ledger) -> None:
    publish(ledger, "a")
    bad = publish(ledger, "b")
    shown = withdraw_publication(ledger, bad.publication_id)
    assert shown is not None
    assert shown.digest == "a"
    assert [one.state for one in publications(ledger, "churn")] == ["published", "withdrawn"]
    assert next_revision(ledger, "churn", DAY, 1) == 3


def test_withdrawing_the_only_batch_of_a_day_shows_the_day_before(ledger: Ledger) -> None:
    publish(ledger, "a", as_of="2011-12-08")
    assert withdraw_publication(ledger, publish(ledger, "b").publication_id) is None
    assert current(ledger) == "a"
    assert current(ledger, DAY) is None


def test_withdrawing_an_older_batch_leaves_the_shown_one(ledger: Ledger) -> None:
    old = publish(ledger, "a")
    publish(ledger, "b")
    withdraw_publication(ledger, old.publication_id)
    assert current(ledger) == "b"


def test_an_unknown_publication_cannot_be_withdrawn(ledger: Ledger) -> None:
    with pytest.raises(UnknownRecordError, match="99"):
        withdraw_publication(ledger, 99)
