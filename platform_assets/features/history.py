"""Append-only history of the feature views: every value with the instant it describes and when it became known."""

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.errors import HistoryConflictError
from platform_assets.features.history_build import HistoryBuild, open_build
from platform_assets.features.history_files import day_dir, digest_of, history_dir, known_days, sole_writer
from platform_assets.features.view_contracts import EVENT_AT, load_views, view_named
from platform_assets.inference.durable import write_file
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

_DAYS_AT_ONCE = 60  # bounds memory: a chunk of days is held as one Arrow table


@dataclass(frozen=True, slots=True)
class HistoryAppend:
    """What an append added, and the digest of the whole history after it."""

    partitions_written: int
    rows_written: int
    digest: str


def append_history(settings: Settings, view: str, built: Path, *, known_at: dt.datetime | None) -> HistoryAppend:
    """Append what dbt built for a range of days; nothing is rewritten and the same build twice adds nothing.

    The first rows of a day count as known at their event time. On a day that has history only rows that are new or
    differ from what is known are appended, as corrections that became known at `known_at` (and after what they
    correct). A row that the build no longer has stays known. A killed append, repeated, ends in the same files.

    Raises NotMaterializedError without a build, ViewContractError when its columns are not those of the contract,
    HistoryConflictError for corrections without `known_at`.
    """
    contract = view_named(load_views(settings.project_root), view)
    directory = history_dir(settings, contract)
    partitions = rows = 0
    with sole_writer(directory), open_build(contract, built) as build:
        for day, table in _additions(build, directory, known_at):
            _write_day(day_dir(directory, day), table, fsync=settings.fsync)
            partitions, rows = partitions + 1, rows + table.num_rows
        digest = digest_of(directory)
    return HistoryAppend(partitions_written=partitions, rows_written=rows, digest=digest)


def history_digest(settings: Settings, view: str) -> str:
    """Return the sha256 of what the history of a view holds now."""
    return digest_of(history_dir(settings, view_named(load_views(settings.project_root), view)))


def _additions(
    build: HistoryBuild, directory: Path, known_at: dt.datetime | None
) -> Iterator[tuple[dt.date, "pa.Table"]]:
    known = known_days(directory)
    if known:
        build.check_known(known[max(known)])
    days = build.days()
    corrections = [day for day in days if day in known]
    for chunk in _chunks(corrections):
        table = build.corrections(chunk, [path for day in chunk for path in known[day]], known_at)
        if table.num_rows and known_at is None:
            raise HistoryConflictError(view=build.view.name, rows=table.num_rows, first_day=chunk[0].isoformat())
        yield from _by_day(table)
    for chunk in _chunks([day for day in days if day not in known]):
        yield from _by_day(build.first_rows(chunk))


def _chunks(days: Sequence[dt.date]) -> Iterator[list[dt.date]]:
    for _, group in groupby(enumerate(days), key=lambda item: item[0] // _DAYS_AT_ONCE):
        yield [day for _, day in group]


def _by_day(table: "pa.Table") -> Iterator[tuple[dt.date, "pa.Table"]]:
    # The table is sorted by event_at, so each day is one slice of it.
    import pyarrow.compute as pc  # noqa: PLC0415 - heavy

    days = pc.run_end_encode(pc.cast(table.column(EVENT_AT), "date32").combine_chunks()) if table.num_rows else None
    start = 0
    if days is not None:
        for day, end in zip(days.values.to_pylist(), days.run_ends.to_pylist(), strict=True):
            yield day, table.slice(start, end - start)
            start = end


def _write_day(directory: Path, table: "pa.Table", *, fsync: bool) -> None:
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415

    sink = pa.BufferOutputStream()
    pq.write_table(table.combine_chunks(), sink, compression="zstd")
    content = sink.getvalue().to_pybytes()
    directory.mkdir(exist_ok=True)
    write_file(directory / f"part-{hashlib.sha256(content).hexdigest()[:16]}.parquet", content, fsync=fsync)
