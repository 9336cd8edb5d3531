"""The log thread goes on, whatever happens to its spool file; no store listens here."""

import errno
from pathlib import Path

import pytest

from platform_assets.online import log_writer
from platform_assets.online.log_writer import LogWriter
from platform_assets.online.spool import Spool, spooled

NO_STORE = "redis://127.0.0.1:1/0"


def held(directory: Path) -> list[bytes]:
    entries = []
    for path in spooled(directory):
        spool = Spool.take_over(path)
        assert spool is not None
        entries += [entry for batch in spool.batches() for entry in batch]
        spool.close()
    return entries


def test_entries_of_a_spool_file_that_somebody_deletes_are_written_anew_with_later_ones(tmp_path: Path) -> None:
    writer = LogWriter(NO_STORE, tmp_path, pause_s=0.01)
    writer.append([b"one"])
    assert writer.flush()
    spooled(tmp_path)[0].unlink()
    writer.append([b"two"])
    assert writer.flush()
    assert writer.counts.spooled == 2
    assert writer.close()
    assert held(tmp_path) == [b"one", b"two"]


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EMFILE, errno.EIO])
def test_a_spool_file_that_cannot_be_read_keeps_its_entries_and_takes_later_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(*_: object) -> int:
        raise OSError(number, "the file cannot be read")

    writer = LogWriter(NO_STORE, tmp_path, pause_s=0.01)
    writer.append([b"one"])
    assert writer.flush()
    monkeypatch.setattr(log_writer, "replay", fail)
    for entry in (b"two", b"three"):
        writer.append([entry])
        assert writer.flush()
    assert writer.close()
    assert held(tmp_path) == [b"one", b"two", b"three"]


def test_entries_stay_in_memory_while_a_deleted_spool_file_cannot_be_written_anew(tmp_path: Path) -> None:
    directory = tmp_path / "spool"
    writer = LogWriter(NO_STORE, directory, pause_s=0.01)
    writer.append([b"one"])
    assert writer.flush()
    spooled(directory)[0].unlink()
    directory.rmdir()
    directory.write_text("a file where the directory should be")
    writer.append([b"two"])
    assert not writer.flush(0.1)
    assert writer.counts.waiting == 1
    directory.unlink()
    assert writer.flush()
    assert writer.close()
    assert held(directory) == [b"one", b"two"]
