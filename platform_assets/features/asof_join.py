"""The point-in-time join on one history: per example the newest row that was known then.

Both the platform's own joins and the Feast offline store come here, so there is one definition of "known".
"""

import bisect
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.errors import NotMaterializedError, ViewContractError
from platform_assets.features.history_files import known_days
from platform_assets.features.memory_database import in_utc, memory_database, name_list, parquet_scan, quoted
from platform_assets.features.view_contracts import EVENT_AT, KNOWN_AT

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

POSITION = "__position"


@dataclass(frozen=True, slots=True)
class ViewJoin:
    """What to look up in one history.

    `join_keys` maps the key columns of the history to those of the examples, `columns` those of the history to the
    names in the result. A value older than `ttl` at the example's instant is not found; exactly `ttl` old is.
    """

    view: str
    directory: Path
    join_keys: Mapping[str, str]
    columns: Mapping[str, str]
    ttl: dt.timedelta


def asof_join(examples: "pa.Table", joins: Sequence[ViewJoin], *, event_at: str = EVENT_AT) -> "pa.Table":
    """Return the examples, each row and their order kept, with the columns of every join appended.

    A value enters only when both its event time and the time it became known are at or before the example's instant;
    of those the newest event time wins, then the latest correction. Where nothing was known the columns are null.
    Raises NotMaterializedError when a view has no history at all, ViewContractError when it lacks a column.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy

    table = in_utc(examples)
    with memory_database() as database:
        # Arrow tables have no statistics: DuckDB would take them for tiny and join by a nested loop, 50 times slower.
        database.execute("set asof_loop_join_threshold = 0")
        positions = pa.array(range(table.num_rows), type=pa.int64())
        database.register("examples", table.append_column(POSITION, positions))
        for join in joins:
            found = _looked_up(database, join, event_at, _day_spans(table.column(event_at)))
            for name in join.columns.values():
                table = table.append_column(name, found.column(name))
    return table


def history_on_days(
    directory: Path, view: str, spans: Iterable[tuple[dt.date, dt.date]], ttl: dt.timedelta
) -> list[Path]:
    """Return the files that can hold the newest row of some instant on the given days, each span of days inclusive.

    Raises NotMaterializedError when there is no history; an empty list means that none is near those days.
    """
    known = known_days(directory)
    if not known:
        raise NotMaterializedError(what=f"the history of feature view {view!r}", asset=f"features/{view}")
    days, wanted = list(known), set[dt.date]()
    for first, last in spans:
        # Days are whole: a row exactly `ttl` old lies on the day that far back.
        start = bisect.bisect_left(days, first - dt.timedelta(days=-(-ttl // dt.timedelta(days=1))))
        wanted.update(days[start : bisect.bisect_right(days, last)])
    return [path for day in sorted(wanted) for path in known[day]]


def _looked_up(
    database: "duckdb.DuckDBPyConnection", join: ViewJoin, event_at: str, spans: Sequence[tuple[dt.date, dt.date]]
) -> "pa.Table":
    files = history_on_days(join.directory, join.view, spans, join.ttl) or _any_file(join.directory)
    _check_columns(database, join, files)
    # Two passes: only keys and times take part in the sorts of the join; the columns are read for the rows it found.
    database.execute(f"create or replace temp table located as {_locate(join, event_at, files)}")
    numbers = [
        number
        for (number,) in database.execute(
            "select distinct file from located where file is not null order by file"
        ).fetchall()
    ] or [0]
    result = database.execute(_fetch(join, [files[number] for number in numbers], numbers))
    return in_utc(result.to_arrow_table())


def _check_columns(database: "duckdb.DuckDBPyConnection", join: ViewJoin, files: Sequence[Path]) -> None:
    described = database.execute(f"describe select * from {parquet_scan(files[-1:])}").fetchall()
    missing = sorted({*join.join_keys, *join.columns} - {row[0] for row in described})
    if missing:
        problem = f"its history has no column {', '.join(missing)}: a changed definition needs a new `version`"
        raise ViewContractError(view=join.view, problem=problem)


def _locate(join: ViewJoin, event_at: str, files: Sequence[Path]) -> str:
    """Return SQL for position, file number and row number of the row that each example gets, null for none.

    A row takes effect when what it describes has happened and is known: at the later of the two times, `effective_us`.
    In that order a row matters only if its event time is not older than all before it, and the last of one instant
    wins; so "the newest known at t" becomes "the last with effective_us <= t", one ASOF join.
    """
    keys = name_list(list(join.join_keys))
    by_key = f"partition by {keys} order by effective_us, event_us, known_us"
    wanted = ", ".join(f"{quoted(of)} as {quoted(key)}" for key, of in join.join_keys.items())
    on = " and ".join(f"e.{quoted(key)} = h.{quoted(key)}" for key in join.join_keys)
    within = f"h.event_us >= e.at_us - {join.ttl // dt.timedelta(microseconds=1)}"
    return f"""
        with e as (select {POSITION}, {wanted}, epoch_us({quoted(event_at)}) as at_us from examples),
        times as (
            select {keys}, file_index as file, file_row_number as row_number,
                   epoch_us({EVENT_AT}) as event_us, epoch_us({KNOWN_AT}) as known_us,
                   greatest(epoch_us({EVENT_AT}), epoch_us({KNOWN_AT})) as effective_us
            from {parquet_scan(files)} semi join e using ({keys})
        ),
        h as (
            select * from times
            qualify event_us >= max(event_us) over ({by_key} rows between unbounded preceding and current row)
                and lead(effective_us) over ({by_key}) is distinct from effective_us
        )
        select e.{POSITION},
               case when {within} then h.file end as file, case when {within} then h.row_number end as row_number
        from e asof left join h on {on} and e.at_us >= h.effective_us
    """


def _fetch(join: ViewJoin, files: Sequence[Path], numbers: Sequence[int]) -> str:
    shown = ", ".join(f"h.{quoted(column)} as {quoted(name)}" for column, name in join.columns.items())
    return f"""
        with wanted as (
            select {POSITION}, list_position({list(numbers)}, file) - 1 as file_index, row_number as file_row_number
            from located
        )
        select {shown}
        from wanted left join (
            select {name_list(list(join.columns))}, file_index::bigint as file_index, file_row_number
            from {parquet_scan(files)}
        ) h using (file_index, file_row_number)
        order by {POSITION}
    """


def _any_file(directory: Path) -> list[Path]:
    """Return one file of a history: it gives the columns where no day is near; its rows are too old or too new."""
    return next(iter(known_days(directory).values()))[:1]


def _day_spans(instants: "pa.ChunkedArray") -> list[tuple[dt.date, dt.date]]:
    import pyarrow.compute as pc  # noqa: PLC0415 - heavy

    return [(day, day) for day in pc.unique(instants.cast("date32")).to_pylist() if day is not None]
