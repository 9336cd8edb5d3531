"""A table that many create at once, and reading one in a program that is about to end."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import NoReturn

import pyarrow as pa
import pytest

from platform_assets.lakehouse.publish import append_once
from platform_assets.lakehouse.read import read_table
from platform_assets.lakehouse.table import open_or_create

CREATORS = 8
ROWS = pa.table({"entity_id": pa.array(["a", "b"]), "score": pa.array([0.25, 0.5])})


def test_many_creators_at_once_make_one_table(tmp_path: Path) -> None:
    start = Barrier(CREATORS)

    def create(table_dir: Path) -> str:
        start.wait()
        return str(open_or_create(table_dir, ROWS.schema, partition_by=()).metadata().id)

    with ThreadPoolExecutor(CREATORS) as pool:
        for trial in range(10):
            table_dir = tmp_path / str(trial)
            identities = set(pool.map(create, [table_dir] * CREATORS))
            assert len(identities) == 1
            assert [path.name for path in (table_dir / "_delta_log").glob("*.json")] == ["00000000000000000000.json"]


def test_no_file_of_a_table_is_read_through_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # An Arrow thread that still holds a Python file while the interpreter ends aborts the process.
    def refuse(*_: object) -> NoReturn:
        pytest.fail("a file of the table was opened through Python")

    append_once(tmp_path / "t", ROWS, app_id="churn", version=1, partition_by=(), metadata={})
    monkeypatch.setattr("deltalake.fs.fs_handler.DeltaStorageHandler.open_input_file", refuse)
    assert read_table(tmp_path / "t", filters=[("score", ">", 0.3)]).column("entity_id").to_pylist() == ["b"]
