"""Runs the SQL of a product over the staging files: who is predicted, and what came true."""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from platform_assets.contract.features import FieldType
from platform_assets.contract.product import Product
from platform_assets.errors import InvalidProductError, NotMaterializedError
from platform_assets.features.memory_database import (
    Bounds,
    in_utc,
    memory_database,
    name_list,
    parquet_scan,
    quoted,
    without_zone,
)
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_DUCKDB_TYPES: dict[FieldType, str] = {
    "number": "DOUBLE",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "text": "VARCHAR",
    "timestamp": "TIMESTAMP",
}
_CLOCKS = ("as_of", "event_at")


def run_population(settings: Settings, product: Product, sql: str, as_ofs: Sequence[dt.datetime]) -> "pa.Table":
    """Return one row per prediction at the as-ofs: `row_id`, `as_of`, `event_at`, the row keys, the request fields.

    `row_id` counts from 0 in the order of as_of, event_at and row keys; instants are timestamp[us, UTC]. Raises
    NotMaterializedError when a staging file is missing, InvalidProductError when the SQL fails or its rows lack a
    column, a key or uniqueness.
    """
    with staging_database(settings) as database:
        return in_utc(_found(database, product, sql, as_ofs).to_arrow_table())


def population_parts(
    settings: Settings, product: Product, as_of: dt.datetime, *, rows: int, bounds: Bounds | None = None
) -> "Iterator[pa.Table]":
    """Yield the population of a batch, which `run_population` returns, about so many rows at a time, at least one part.

    Memory is bounded where `bounds` are given, whatever the number of rows. Raises what run_population raises.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy

    with staging_database(settings, bounds) as database:
        found = _found(database, product, product.batch.population, [as_of]).to_arrow_reader(rows)
        yield in_utc(found.schema.empty_table())
        for batch in found:
            yield in_utc(pa.Table.from_batches([batch]))


def label_examples(settings: Settings, product: Product, examples: "pa.Table") -> "pa.Table":
    """Return the examples in their order with `label` as float64, null where the truth was never observed.

    Raises NotMaterializedError or InvalidProductError as run_population does.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy

    places = pa.table({"row_id": examples.column("row_id"), "place": pa.array(range(examples.num_rows), pa.int64())})
    with staging_database(settings) as database:
        database.register("examples", without_zone(examples))
        database.register("places", places)
        _run(database, product, "label.sql", f"create temp table labels as {product.label.sql.strip().rstrip(';')}")
        _check_columns(database, product, "label.sql", "labels", ["row_id", "label"])
        joined = _run(
            database,
            product,
            "label.sql",
            "select labels.label::double as label from places left join labels using (row_id) order by place",
        ).to_arrow_table()
    if joined.num_rows != examples.num_rows:
        raise _broken(product, "label.sql", "it yields a row_id more than once", "Group by row_id.")
    return examples.append_column("label", joined.column("label"))


def expected_columns(product: Product) -> dict[str, str]:
    """Return the columns that the population must yield, in order, with their DuckDB types."""
    request = {field.name: _DUCKDB_TYPES[field.type] for field in product.request}
    keys = {key: request.get(key, "VARCHAR") for key in product.entity.row_keys}
    return {**dict.fromkeys(_CLOCKS, "TIMESTAMP"), **keys, **request}


def _found(
    database: "duckdb.DuckDBPyConnection", product: Product, sql: str, as_ofs: Sequence[dt.datetime]
) -> "duckdb.DuckDBPyConnection":
    """Run and check the population; return its result, typed, numbered and in order."""
    database.register("as_of", without_zone(_as_of_table(as_ofs)))
    _run(database, product, "population", f"create temp table found as {sql.strip().rstrip(';')}")
    kinds = expected_columns(product)
    _check_columns(database, product, "population", "found", list(kinds))
    _check_rows(database, product)
    typed = ", ".join(f"{quoted(name)}::{kind} as {quoted(name)}" for name, kind in kinds.items())
    return _run(
        database,
        product,
        "population",
        f"""
        select row_number() over (order by {name_list(_identity(product))}) - 1 as row_id, *
        from (select {typed} from found)
        order by row_id
        """,
    )


@contextmanager
def staging_database(settings: Settings, bounds: Bounds | None = None) -> "Iterator[duckdb.DuckDBPyConnection]":
    """Give a database with a view of each staging model; raises NotMaterializedError where none is built."""
    files = sorted(settings.staging_dir.glob("*.parquet"))
    if not files:
        raise NotMaterializedError(what=str(settings.staging_dir), asset="the assets of group staging")
    with memory_database(bounds) as database:
        for path in files:
            database.execute(f"create view {quoted(path.stem)} as select * from {parquet_scan([path])}")
        yield database


def _as_of_table(as_ofs: Sequence[dt.datetime]) -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415 - heavy

    return pa.table({"as_of": pa.array(as_ofs, type=pa.timestamp("us", tz="UTC"))})


def _run(database: "duckdb.DuckDBPyConnection", product: Product, where: str, sql: str) -> "duckdb.DuckDBPyConnection":
    import duckdb  # noqa: PLC0415 - heavy

    try:
        return database.execute(sql)
    except duckdb.CatalogException as error:  # a table that no staging file offers
        raise NotMaterializedError(
            what=f"{product.name}, {where}: {error}", asset="the assets of group staging"
        ) from error
    except duckdb.Error as error:
        raise _broken(product, where, str(error), "Correct the SQL.") from error


def _check_columns(
    database: "duckdb.DuckDBPyConnection", product: Product, where: str, table: str, expected: Sequence[str]
) -> None:
    names = {row[0] for row in database.execute(f"describe {table}").fetchall()}
    missing, extra = sorted(set(expected) - names), sorted(names - set(expected))
    if missing or extra:
        problem = f"columns missing {missing or 'none'}, not declared {extra or 'none'}"
        raise _broken(product, where, problem, f"Select exactly {', '.join(expected)}.")


def _check_rows(database: "duckdb.DuckDBPyConnection", product: Product) -> None:
    identity = _identity(product)
    absent = " or ".join(f"{quoted(name)} is null" for name in identity)
    counts = database.execute(
        f"""
        with distinct_rows as (select distinct {name_list(identity)} from found)
        select count(*) filter ({absent}), count(*) - (select count(*) from distinct_rows) from found
        """
    ).fetchone()
    if counts is not None and any(counts):
        problem = f"{counts[0]} rows without a value and {counts[1]} repeated rows in {', '.join(identity)}"
        raise _broken(product, "population", problem, "Yield each prediction once, with its keys.")


def _identity(product: Product) -> tuple[str, ...]:
    return (*_CLOCKS, *product.entity.row_keys)


def _broken(product: Product, where: str, problem: str, remedy: str) -> InvalidProductError:
    return InvalidProductError(product=product.name, where=where, problem=problem, remedy=remedy)
