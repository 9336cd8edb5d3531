"""What dbt built for a feature view, compared with what its history already knows."""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.errors import NotMaterializedError, ViewContractError
from platform_assets.features.memory_database import in_utc, memory_database, name_list, parquet_scan, quoted
from platform_assets.features.view_contracts import EVENT_AT, KNOWN_AT, FeatureView

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

# Sums over several threads may differ in their last bits from build to build: that is no correction.
_SAME_TO = 1e-9


@dataclass(frozen=True, slots=True)
class HistoryBuild:
    """A checked build: unique by join keys and event time, with exactly the columns of the contract."""

    view: FeatureView
    database: "duckdb.DuckDBPyConnection"

    def days(self) -> list[dt.date]:
        """Return the days of event time that the build has rows for, ascending."""
        rows = self.database.execute(f"select distinct {EVENT_AT}::date as day from build order by day").fetchall()
        return [day for (day,) in rows]

    def check_known(self, files: Sequence[Path]) -> None:
        """Refuse to mix definitions: raises ViewContractError when the files have other columns than the contract."""
        described = self.database.execute(f"describe select * from {parquet_scan(files)}").fetchall()
        _check_names(
            self.view,
            [row[0] for row in described if row[0] != KNOWN_AT],
            "the history: a changed definition needs a new `version`",
        )

    def first_rows(self, days: Sequence[dt.date]) -> "pa.Table":
        """Return the rows of these consecutive days, known at their event time, sorted by event time and keys."""
        return self._table(
            f"select {self._columns('build')}, build.{EVENT_AT} as {KNOWN_AT} from build where {_on(days)}"
        )

    def corrections(self, days: Sequence[dt.date], files: Sequence[Path], known_at: dt.datetime | None) -> "pa.Table":
        """Return the rows of these days that the files do not hold, known after what they correct; sorted too."""
        keys = (*self.view.join_keys, EVENT_AT)
        same_row = " and ".join(f"build.{quoted(key)} = known.{quoted(key)}" for key in keys)
        moment = "null::timestamp" if known_at is None else f"timestamp '{_without_zone(known_at)}'"
        differs = " or ".join(f"not ({self._same(name)})" for name in self.view.feature_names) or "false"
        return self._table(
            f"""
            with known as (
                select {_typed_columns(self.view)}, {KNOWN_AT}::timestamp as {KNOWN_AT} from {parquet_scan(files)}
                qualify row_number() over (partition by {name_list(keys)} order by {KNOWN_AT} desc) = 1
            )
            select {self._columns("build")},
                   greatest({moment}, known.{KNOWN_AT} + interval 1 microsecond) as {KNOWN_AT}
            from build left join known on {same_row}
            where {_on(days)} and (known.{KNOWN_AT} is null or {differs})
            """
        )

    def _table(self, sql: str) -> "pa.Table":
        order = name_list((EVENT_AT, *self.view.join_keys))
        return in_utc(self.database.execute(f"select * from ({sql}) order by {order}").to_arrow_table())

    def _columns(self, table: str) -> str:
        return name_list([column.name for column in self.view.columns], of=table)

    def _same(self, name: str) -> str:
        new, old = f"build.{quoted(name)}", f"known.{quoted(name)}"
        exact = f"{new} is not distinct from {old}"
        if self.view.type_of(name) not in {"DOUBLE", "FLOAT"}:
            return exact
        return f"{exact} or coalesce(abs({new} - {old}) <= {_SAME_TO} * greatest(abs({new}), abs({old})), false)"


@contextmanager
def open_build(view: FeatureView, built: Path) -> Iterator[HistoryBuild]:
    """Give a checked build. Raises NotMaterializedError when absent, ViewContractError when it breaks the contract."""
    if not built.exists():
        raise NotMaterializedError(what=str(built), asset=f"features/{view.name}")
    with memory_database() as database:
        described = database.execute(f"describe select * from {parquet_scan([built])}").fetchall()
        _check_names(view, [row[0] for row in described], "what was built")
        database.execute(f"create view build as select {_typed_columns(view)} from {parquet_scan([built])}")
        _check_rows(view, database)
        yield HistoryBuild(view=view, database=database)


def _on(days: Sequence[dt.date]) -> str:
    listed = ", ".join(f"date '{day}'" for day in days)
    # The bounds let DuckDB skip row groups; the list leaves out the days in between that are not meant.
    bounds = f"build.{EVENT_AT} >= timestamp '{days[0]}' and build.{EVENT_AT} < timestamp '{days[-1]}' + interval 1 day"
    return f"{bounds} and build.{EVENT_AT}::date in ({listed})"


def _typed_columns(view: FeatureView) -> str:
    typed = (f"{quoted(c.name)}::{_stored_type(c.data_type)} as {quoted(c.name)}" for c in view.columns)
    return ", ".join(typed)


def _stored_type(data_type: str) -> str:
    # An instant is kept without its zone while DuckDB computes: the database is in UTC, and ICU arithmetic is slow.
    return "TIMESTAMP" if data_type.upper().startswith("TIMESTAMP") else data_type


def _without_zone(instant: dt.datetime) -> str:
    return instant.astimezone(dt.UTC).replace(tzinfo=None).isoformat(sep=" ")


def _check_names(view: FeatureView, names: Sequence[str], where: str) -> None:
    expected = {column.name for column in view.columns}
    missing, extra = sorted(expected - set(names)), sorted(set(names) - expected)
    if missing or extra:
        problem = f"columns missing {missing or 'none'}, not declared {extra or 'none'}, in {where}"
        raise ViewContractError(view=view.name, problem=problem)


def _check_rows(view: FeatureView, database: "duckdb.DuckDBPyConnection") -> None:
    keys = (*view.join_keys, EVENT_AT)
    absent = " or ".join(f"{quoted(key)} is null" for key in keys)
    counts = database.execute(
        f"""
        with distinct_rows as (select distinct {name_list(keys)} from build)
        select count(*) filter ({absent}), count(*) - (select count(*) from distinct_rows)
        from build
        """
    ).fetchone()
    if counts is not None and any(counts):
        problem = f"{counts[0]} rows without a value and {counts[1]} repeated rows in {', '.join(keys)}"
        raise ViewContractError(view=view.name, problem=problem)
