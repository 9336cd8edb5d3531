"""Orphans: old files without a commit go, everything else stays."""

import datetime as dt
from pathlib import Path

import pyarrow as pa

from platform_assets.lakehouse.orphans import clean_orphans, find_unfinished
from platform_assets.lakehouse.publish import publish
from platform_assets.lakehouse.read import read_table
from platform_assets.lakehouse.stage import stage

ROWS = pa.table({"entity_id": ["a", "b"]})
DAY = dt.timedelta(days=1)


def _later() -> dt.datetime:
    return dt.datetime.now(dt.UTC) + 2 * DAY


def test_an_old_staged_file_goes_and_published_ones_stay(tmp_path: Path) -> None:
    publish(stage(tmp_path / "t", ROWS, ()), app_id="x", version=1, metadata={})
    left = stage(tmp_path / "t", ROWS, ())
    assert clean_orphans(tmp_path / "t", now=_later(), older_than=DAY) == list(left.paths)
    assert read_table(tmp_path / "t").num_rows == 2


def test_a_batch_under_audit_is_left_alone(tmp_path: Path) -> None:
    staged = stage(tmp_path / "t", ROWS, ())
    assert clean_orphans(tmp_path / "t", now=dt.datetime.now(dt.UTC), older_than=DAY) == []
    assert publish(staged, app_id="x", version=1, metadata={}).written


def test_a_folder_that_never_became_a_table_is_cleaned_too(tmp_path: Path) -> None:
    left = stage(tmp_path / "t", ROWS, ())
    assert clean_orphans(tmp_path / "t", now=_later(), older_than=DAY) == list(left.paths)
    assert clean_orphans(tmp_path / "none", now=_later(), older_than=DAY) == []


def test_files_and_directories_that_never_got_their_name_are_found_once_they_are_old(tmp_path: Path) -> None:
    begun = tmp_path / "quarantine" / "abc.123.tmp"
    begun.mkdir(parents=True)
    file = tmp_path / ".churn.parquet.0a1b.tmp"
    for path in (begun / "rows.tmp", file, tmp_path / "churn.parquet"):
        path.touch()
    assert find_unfinished(tmp_path, now=dt.datetime.now(dt.UTC), older_than=DAY) == []
    assert find_unfinished(tmp_path, now=_later(), older_than=DAY) == [file, begun]
