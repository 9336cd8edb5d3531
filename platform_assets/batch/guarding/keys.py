"""Who is in a batch, in its population and in the last batch: sets of keys too large to hold, compared in SQL."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from platform_assets.batch.guarding.evidence import Evidence, Rows, parts_of, values_of
from platform_assets.contract import names
from platform_assets.contract.product import Product
from platform_assets.features.memory_database import memory_database
from platform_assets.statistics.distances import Floats

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

# Of a subject that is there several times the first row with a score counts.
_FIRST_SCORES = "select subject, arg_min(score, place) as score from {0} where isfinite(score) group by subject"
_MOVES = f"""
    select abs(n.score - l.score) as move
    from ({_FIRST_SCORES.format("now")}) n join ({_FIRST_SCORES.format("last")}) l using (subject)
    order by subject
"""
_COUNTS = """
    select (select count(*) - count(distinct prediction_id) - least(count_if(prediction_id is null), 1) from now),
           (select count(*) - count(distinct row_key) from now),
           (select count(*) from due),
           (select count(*) from due anti join now using (row_key)),
           (select count(*) from now anti join due using (row_key)),
           (select count(distinct entity) from now),
           (select count(distinct entity) from last),
           (select count(distinct entity) from (select entity from now anti join last using (entity))),
           (select count(distinct entity) from (select entity from last anti join now using (entity)))
"""


@dataclass(frozen=True)
class KeyFacts:
    """By how much the score of each subject of both batches moved, and numbers of rows and of entities.

    A subject is a row key whose instants count from the as-of, so that the slot of this batch and that of the last one
    are the same. Without a last batch it counts as an empty one.
    """

    moves: Floats
    repeated_ids: int
    repeated_keys: int
    due: int
    missing: int
    foreign: int
    entities: int
    last_entities: int
    new_entities: int
    lost_entities: int


def compare_keys(evidence: Evidence) -> KeyFacts:
    """Return what the keys of a batch, its population and the last batch have in common."""
    product, last = evidence.product, evidence.last
    with memory_database(evidence.bounds) as database:
        _fill(database, "now", key_columns(product, evidence.table, evidence.as_of))
        _fill(database, "last", key_columns(product, last.rows.rows, last.as_of) if last else ())
        _fill(database, "due", _due(product, evidence.population))
        counts = database.execute(_COUNTS).fetchone() or ()
        moves = database.execute(_MOVES).to_arrow_table().column("move").to_numpy()
        return KeyFacts(moves, *map(int, counts))


def row_keys(product: Product, part: "pa.RecordBatch") -> list[str]:
    """Return the row key of every row of a population."""
    keys = [values_of(part, name) for name in product.entity.row_keys]
    return [names.row_key(values) for values in zip(*keys, strict=True)]


def key_columns(product: Product, rows: Rows, as_of: dt.datetime) -> "Iterator[pa.Table]":
    """Yield place, ids, keys, subject and score of rows, in their order."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    place = 0
    for part in parts_of(rows, "prediction_id", "row_key", "entity_id", "score", *product.entity.row_keys):
        keys = [values_of(part, name) for name in product.entity.row_keys]
        subjects = ["|".join(_since(value, as_of) for value in values) for values in zip(*keys, strict=True)]
        scores = [float(value) if isinstance(value, int | float) else None for value in values_of(part, "score")]
        ids = [None if value is None else str(value) for value in values_of(part, "prediction_id")]
        columns = {
            "place": pa.array(range(place, place + part.num_rows), pa.int64()),
            "prediction_id": pa.array(ids, pa.string()),
            "row_key": _texts(part, "row_key"),
            "entity": _texts(part, "entity_id"),
            "subject": pa.array(subjects, pa.string()),
            "score": pa.array(scores, pa.float64()),
        }
        place += part.num_rows
        yield pa.table(columns)


def _due(product: Product, population: Rows) -> "Iterator[pa.Table]":
    import pyarrow as pa  # noqa: PLC0415 - heavy

    for part in parts_of(population, *product.entity.row_keys):
        yield pa.table({"row_key": pa.array(row_keys(product, part), pa.string())})


def _fill(database: "duckdb.DuckDBPyConnection", table: str, parts: "Iterable[pa.Table]") -> None:
    columns = "row_key varchar"
    if table != "due":
        columns = f"place bigint, prediction_id varchar, {columns}, entity varchar, subject varchar, score double"
    database.execute(f"create table {table} ({columns})")
    for part in parts:
        database.register("part", part)
        database.execute(f"insert into {table} select * from part")


def _texts(part: "pa.RecordBatch", name: str) -> "pa.Array":
    import pyarrow as pa  # noqa: PLC0415 - heavy

    return pa.array(["" if value is None else str(value) for value in values_of(part, name)], pa.string())


def _since(value: object, as_of: dt.datetime) -> str:
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return f"{(value - as_of).total_seconds():g}"
    return str(value)
