"""The committed chunks of a job: each is one directory that appears whole or not at all.

`chunk-000003` holds the rows, what all chunks up to it add up to, and the log entries of its rows until they are in
the prediction log. There is no counter besides the directories, so none can disagree with them.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from platform_assets.inference.durable import sync_directory, write_file
from platform_assets.serving.jobs.record import Totals

_PREFIX, _ROWS, _TOTALS, _ENTRIES = "chunk-", "rows", "totals.json", "log.msgpack"
_UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Chunks:
    """The chunks below a job's directory; only the holder of the job's lock writes them."""

    directory: Path
    fsync: bool = True

    @classmethod
    def of(cls, job_directory: Path, *, fsync: bool) -> "Chunks":
        """Return the chunks of a job."""
        return cls(job_directory / "chunks", fsync)

    def totals(self) -> Totals:
        """Return what is committed, from the last chunk; nothing before the first one."""
        while True:
            count = len(self._names())
            if count == 0:
                return Totals()
            try:
                return msgspec.json.decode((self._path(count - 1) / _TOTALS).read_bytes(), type=Totals)
            except FileNotFoundError:
                continue  # they are removed at this moment, because the job has ended

    def commit(self, totals: Totals, write_rows: Callable[[Path], None], entries: Sequence[bytes]) -> None:
        """Commit the next chunk: `totals` include it, `write_rows` writes its rows to a path, `entries` are logged."""
        draft = self._draft
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        write_rows(draft / _ROWS)
        write_file(draft / _ENTRIES, msgspec.msgpack.encode(entries), fsync=self.fsync)
        write_file(draft / _TOTALS, msgspec.json.encode(totals), fsync=self.fsync)
        draft.rename(self._path(totals.chunks - 1))
        sync_directory(self.directory, fsync=self.fsync)

    def log_last(self, write: Callable[[Sequence[bytes]], None]) -> None:
        """Give the log entries of the last chunk to `write`, unless that is known to be done.

        A kill in between repeats it; the prediction log keeps the first of each prediction id.
        """
        count = len(self._names())
        path = self._path(count - 1) / _ENTRIES
        if count and path.exists():
            write(msgspec.msgpack.decode(path.read_bytes(), type=list[bytes]))
            path.unlink()

    def row_files(self) -> list[Path]:
        """Return the files of rows in the order of the input."""
        return [self._path(number) / _ROWS for number in range(len(self._names()))]

    def clear(self) -> None:
        """Remove everything, the last chunk first, so that what is left is always a beginning of the job."""
        for number in reversed(range(len(self._names()))):
            shutil.rmtree(self._draft, ignore_errors=True)
            self._path(number).rename(self._draft)  # so that a kill leaves no part of a chunk under its name
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def _draft(self) -> Path:
        return self.directory / _UNFINISHED

    def _path(self, number: int) -> Path:
        return self.directory / f"{_PREFIX}{number:06d}"

    def _names(self) -> list[str]:
        try:
            return [path.name for path in self.directory.iterdir() if path.name.startswith(_PREFIX)]
        except FileNotFoundError:
            return []
