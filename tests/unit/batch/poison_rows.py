"""Ways in which the rows of a batch go wrong: the file, the keys, the population."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from platform_assets.batch.guarding.evidence import Evidence

Rows = Callable[[Evidence], pa.Table]


def rows_of(evidence: Evidence) -> pa.Table:
    """Return the rows of a made-up batch, which lie in memory."""
    assert isinstance(evidence.table, pa.Table)
    return evidence.table


def put(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    """Return the table with another column in a column's place."""
    return table.set_column(table.column_names.index(name), name, column)


def edited(name: str, edit: Callable[[list[Any]], Sequence[object]], kind: pa.DataType | None = None) -> Rows:
    """Edit the values of one column."""

    def spoil(evidence: Evidence) -> pa.Table:
        column = rows_of(evidence).column(name)
        values = edit(column.to_pylist())
        return put(rows_of(evidence), name, pa.array(values, kind or column.type))

    return spoil


def cast(name: str, kind: pa.DataType) -> Rows:
    """Write one column in another type."""
    return lambda evidence: put(rows_of(evidence), name, rows_of(evidence).column(name).cast(kind, safe=False))


def copied(target: str, source: str) -> Rows:
    """Write one column's values into another one."""
    return lambda evidence: put(
        rows_of(evidence), target, rows_of(evidence).column(source).cast(rows_of(evidence).schema.field(target).type)
    )


def without_column(name: str) -> Rows:
    """Leave a column out."""
    return lambda evidence: rows_of(evidence).drop_columns([name])


def first_rows(share: float) -> Rows:
    """Stop writing after a share of the rows."""
    return lambda evidence: rows_of(evidence).slice(0, int(rows_of(evidence).num_rows * share))


def without_highest(share: float) -> Rows:
    """Leave out the rows of the highest scores."""

    def spoil(evidence: Evidence) -> pa.Table:
        limit = np.quantile(evidence.rows.finite, 1.0 - share, method="lower")
        return rows_of(evidence).filter(pc.less(rows_of(evidence).column("score"), float(limit)))

    return spoil


def repeated(rows: int | None = None) -> Rows:
    """Write the first rows, by default all, a second time."""
    return lambda evidence: pa.concat_tables([rows_of(evidence), rows_of(evidence).slice(0, rows)])


def of_the_day_before(evidence: Evidence) -> pa.Table:
    """Return the batch as it was written for the day before."""
    day = dt.timedelta(days=1)
    table = put(rows_of(evidence), "as_of", pc.subtract(rows_of(evidence).column("as_of"), pa.scalar(day)))
    dates = [value - day for value in table.column("prediction_date").to_pylist()]
    return put(table, "prediction_date", pa.array(dates, pa.date32()))


def with_strangers(count: int) -> Rows:
    """Add copies of the first rows under keys that nobody knows."""

    def spoil(evidence: Evidence) -> pa.Table:
        return pa.concat_tables([rows_of(evidence), renamed(rows_of(evidence).slice(0, count), evidence, "stranger")])

    return spoil


def renamed(rows: pa.Table, evidence: Evidence, prefix: str) -> pa.Table:
    """Return the rows under entities of other names, consistently in every column."""
    entity = evidence.product.entity.row_keys[0]
    for name in dict.fromkeys((entity, "entity_id", "row_key", "prediction_id")):
        rows = put(rows, name, pa.array([f"{prefix}{value}" for value in rows.column(name).to_pylist()], pa.string()))
    return rows


def all_renamed(evidence: Evidence) -> pa.Table:
    """Return all rows under strangers."""
    return renamed(rows_of(evidence), evidence, "x")


def population(table: pa.Table, evidence: Evidence) -> Evidence:
    """Return the evidence on rows that are just those of a wrong population."""
    return replace(evidence, table=table, population=table)


def population_part(share: float) -> Callable[[Evidence], Evidence]:
    """Let the population lose all but a share of its entities."""

    def spoil(evidence: Evidence) -> Evidence:
        entities = np.array(rows_of(evidence).column("entity_id").to_pylist())
        kept = np.unique(entities)[: int(len(np.unique(entities)) * share)]
        return population(rows_of(evidence).filter(pa.array(np.isin(entities, kept))), evidence)

    return spoil


def population_joined_by(share: float) -> Callable[[Evidence], Evidence]:
    """Let the population gain entities that were never seen, as a share of its rows."""

    def spoil(evidence: Evidence) -> Evidence:
        whole, part = divmod(share, 1.0)
        rows = [*[rows_of(evidence)] * int(whole), rows_of(evidence).slice(0, int(rows_of(evidence).num_rows * part))]
        new = [renamed(each, evidence, f"new{place}-") for place, each in enumerate(rows)]
        return population(pa.concat_tables([rows_of(evidence), *new]), evidence)

    return spoil


def population_renamed(evidence: Evidence) -> Evidence:
    """Let every entity have another name: a changed prefix or hash."""
    return population(renamed(rows_of(evidence), evidence, "x"), evidence)


def a_day_later(values: list[Any]) -> list[Any]:
    """Move every date or instant by a day."""
    return [value + dt.timedelta(days=1) for value in values]


def five_hours_early(values: list[Any]) -> list[Any]:
    """Read every instant in another time zone."""
    return [value - dt.timedelta(hours=5) for value in values]


def half_of(other: object) -> Callable[[list[Any]], list[Any]]:
    """Put another value in every second row."""
    return lambda values: [other if place % 2 else value for place, value in enumerate(values)]
