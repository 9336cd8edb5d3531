"""A table that an earlier version began gets the columns that rows have gained since."""

import threading
from pathlib import Path

import pyarrow as pa
import pytest

from platform_assets.errors import SchemaMismatchError
from platform_assets.lakehouse.grow import add_missing_columns
from platform_assets.lakehouse.publish import append_once
from platform_assets.lakehouse.read import read_table, table_version

EARLIER = pa.table({"day": ["a"], "score": [0.1]})
NEWER = pa.table({"day": ["a"], "variant": ["control"], "score": [0.2]})


def append(table_dir: Path, rows: pa.Table, version: int) -> None:
    append_once(table_dir, rows, app_id="log", version=version, partition_by=("day",), metadata={}, fsync=False)


def test_rows_of_a_later_version_are_appended_and_earlier_ones_are_null_there(tmp_path: Path) -> None:
    append(tmp_path / "log", EARLIER, 1)
    with pytest.raises(SchemaMismatchError):
        append(tmp_path / "log", NEWER, 2)
    assert add_missing_columns(tmp_path / "log", NEWER.schema) == ("variant",)
    append(tmp_path / "log", NEWER, 2)
    rows = read_table(tmp_path / "log", columns=["score", "variant"]).sort_by("score").to_pylist()
    assert rows == [{"score": 0.1, "variant": None}, {"score": 0.2, "variant": "control"}]


def test_nothing_is_committed_where_nothing_is_missing(tmp_path: Path) -> None:
    assert add_missing_columns(tmp_path / "log", NEWER.schema) == ()
    append(tmp_path / "log", NEWER, 1)
    version = table_version(tmp_path / "log")
    assert add_missing_columns(tmp_path / "log", NEWER.schema) == ()
    assert table_version(tmp_path / "log") == version


def test_of_many_writers_at_once_one_adds_the_columns(tmp_path: Path) -> None:
    append(tmp_path / "log", EARLIER, 1)
    gate, added = threading.Barrier(6), list[tuple[str, ...]]()

    def add() -> None:
        gate.wait()
        added.append(add_missing_columns(tmp_path / "log", NEWER.schema))

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(added) == [(), (), (), (), (), ("variant",)]
