"""Committed chunks: whole or not at all, and the only source of a job's progress."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from platform_assets.inference.durable import write_file
from platform_assets.serving.jobs.chunks import Chunks
from platform_assets.serving.jobs.record import Totals


class StoppedError(Exception):
    """Plays a kill."""


def commit(chunks: Chunks, number: int, entries: Sequence[bytes] = (b"entry",)) -> None:
    totals = Totals(chunks=number, rows_done=number * 10)
    chunks.commit(totals, lambda path: write_file(path, f"rows {number}".encode(), fsync=False), entries)


@pytest.fixture
def chunks(tmp_path: Path) -> Chunks:
    return Chunks.of(tmp_path, fsync=False)


def test_totals_come_from_the_last_committed_chunk(chunks: Chunks) -> None:
    assert chunks.totals() == Totals()
    for number in range(1, 13):
        commit(chunks, number)
    assert chunks.totals() == Totals(chunks=12, rows_done=120)
    assert [path.read_text() for path in chunks.row_files()] == [f"rows {number}" for number in range(1, 13)]


def test_a_chunk_whose_writing_is_cut_short_is_none(chunks: Chunks) -> None:
    commit(chunks, 1)

    def stop(path: Path) -> None:
        path.write_text("half of the ro")
        raise StoppedError

    with pytest.raises(StoppedError):
        chunks.commit(Totals(chunks=2, rows_done=20), stop, [])
    assert chunks.totals() == Totals(chunks=1, rows_done=10)
    commit(chunks, 2)
    assert chunks.row_files()[1].read_text() == "rows 2"


def test_the_entries_of_the_last_chunk_are_logged_again_only_when_that_was_cut_short(chunks: Chunks) -> None:
    logged: list[bytes] = []

    def stop(entries: Sequence[bytes]) -> None:
        logged.extend(entries)
        raise StoppedError

    chunks.log_last(logged.extend)
    assert logged == []
    commit(chunks, 1, [b"a", b"b"])
    with pytest.raises(StoppedError):
        chunks.log_last(stop)
    chunks.log_last(logged.extend)
    chunks.log_last(logged.extend)
    assert logged == [b"a", b"b", b"a", b"b"]


def test_cleared_chunks_leave_nothing(chunks: Chunks) -> None:
    for number in range(1, 4):
        commit(chunks, number)
    chunks.clear()
    chunks.clear()
    assert (chunks.totals(), chunks.row_files(), chunks.directory.exists()) == (Totals(), [], False)
