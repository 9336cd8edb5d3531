"""What readers of the published file are told: age and flags of the moment of reading, and which actions are off."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from platform_assets.batch.published_view import write_published_view
from platform_assets.errors import NotMaterializedError
from platform_assets.ledger.publication_stamps import stamps_of
from platform_assets.ledger.publications import current_publication
from platform_assets.published.rows import (
    published_path,
    published_status,
    read_published_rows,
    refresh_status,
)
from platform_assets.published.status import read_status, status_path
from platform_assets.settings import Settings
from tests.unit.batch.batch_home import AS_OF, CUSTOMERS, WALL, BatchHome, make_home

HOUR = dt.timedelta(hours=1)
DAY = 24 * HOUR


@pytest.fixture
def home(tmp_path: Path) -> BatchHome:
    made = make_home(tmp_path)
    made.run()
    write_published_view(made.settings, made.product, at=WALL)
    return made


def live(home: BatchHome) -> Settings:
    return replace(home.settings, clock_mode="live")


def test_every_row_says_its_age_and_that_it_may_be_acted_on(home: BatchHome) -> None:
    read = read_published_rows(home.settings, home.product, at=WALL)
    assert read.table.num_rows == len(CUSTOMERS)
    assert set(read.table.column("as_of").to_pylist()) == {AS_OF}
    assert set(read.table.column("age_seconds").to_pylist()) == {0.0}
    assert set(read.table.column("is_stale").to_pylist()) == {False}
    assert set(read.table.column("action_allowed").to_pylist()) == {True}
    assert read.status.allowed_actions == ["retention_offer"]


def test_the_same_file_read_later_is_stale_and_its_actions_are_suppressed_with_the_reason(home: BatchHome) -> None:
    read = read_published_rows(live(home), home.product, at=AS_OF + 9 * DAY)
    assert set(read.table.column("is_stale").to_pylist()) == {True}
    assert set(read.table.column("action_allowed").to_pylist()) == {False}
    assert set(read.table.column("age_seconds").to_pylist()) == {9 * DAY.total_seconds()}
    assert read.status.allowed_actions == []
    assert read.status.suppressed_actions["retention_offer"].startswith("data_age is 216.0 h, promised at most 192 h")


def test_a_reader_of_few_columns_is_told_the_flags_all_the_same(home: BatchHome) -> None:
    read = read_published_rows(home.settings, home.product, at=WALL, columns=["entity_id", "score"])
    assert read.table.column_names == ["entity_id", "score", "age_seconds", "is_stale", "action_allowed"]


def test_a_plain_reader_sees_until_when_a_row_is_valid(home: BatchHome) -> None:
    rows = pq.read_table(published_path(home.settings, "churn"))
    assert set(rows.column("valid_until").to_pylist()) == {AS_OF + (7 * 24 + 12) * HOUR}


def test_a_clock_that_was_set_back_allows_nothing(home: BatchHome) -> None:
    status = published_status(live(home), home.product, at=AS_OF - DAY)
    assert (status.is_stale, status.action_allowed) == (True, False)
    assert "the clock is before the batch" in status.suppressed_actions["retention_offer"]


def test_the_newest_raw_event_comes_with_the_publication(home: BatchHome) -> None:
    publication = current_publication(home.ledger, "churn")
    assert publication is not None
    assert stamps_of(home.ledger, publication).source_at == AS_OF - 12 * DAY


def test_a_batch_of_old_sources_is_stale_from_the_start(home: BatchHome) -> None:
    promised = msgspec.structs.replace(home.product.batch.freshness, max_source_age_hours=24)
    strict = msgspec.structs.replace(
        home.product, batch=msgspec.structs.replace(home.product.batch, freshness=promised)
    )
    status = published_status(home.settings, strict, at=WALL)
    assert status.suppressed_actions == {"retention_offer": "source_age is 288.0 h, promised at most 24 h"}


def test_the_status_file_follows_the_file_and_time_and_is_written_on_changes_alone(home: BatchHome) -> None:
    fresh = read_status(home.settings, "churn")
    assert fresh is not None
    assert fresh.action_allowed
    path = status_path(home.settings, "churn")
    written_at = path.stat().st_mtime_ns
    refresh_status(home.settings, home.product, at=WALL + DAY)
    assert path.stat().st_mtime_ns == written_at
    refresh_status(live(home), home.product, at=AS_OF + 9 * DAY)
    stale = read_status(home.settings, "churn")
    assert stale is not None
    assert (stale.action_allowed, list(stale.suppressed_actions)) == (False, ["retention_offer"])
    refresh_status(home.settings, home.product, at=WALL)
    healed = read_status(home.settings, "churn")
    assert healed is not None
    assert healed.allowed_actions == ["retention_offer"]


def test_a_damaged_status_is_written_anew(home: BatchHome) -> None:
    status_path(home.settings, "churn").write_bytes(b"{")
    refresh_status(home.settings, home.product, at=WALL)
    assert read_status(home.settings, "churn") is not None


def test_a_status_that_was_left_without_its_batch_allows_nothing_any_longer(home: BatchHome) -> None:
    published_path(home.settings, "churn").unlink()  # a withdrawal that was killed before it came to the status
    assert refresh_status(home.settings, home.product, at=WALL) is None
    assert read_status(home.settings, "churn") is None


def test_before_the_first_publication_there_is_nothing_to_read(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    assert refresh_status(home.settings, home.product, at=WALL) is None
    with pytest.raises(NotMaterializedError, match="churn/published_predictions"):
        read_published_rows(home.settings, home.product, at=WALL)


def test_a_file_without_instants_is_told_to_be_made_again(home: BatchHome) -> None:
    path = published_path(home.settings, "churn")
    pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)
    with pytest.raises(NotMaterializedError, match="with the instants of its batch"):
        published_status(home.settings, home.product, at=WALL)
