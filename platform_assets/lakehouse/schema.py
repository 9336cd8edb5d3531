"""Which column types a table holds and how rows are brought to them; an append never changes its columns."""

# ruff: noqa: PLC0415 - pyarrow costs half a second; who only imports this module does not pay it

from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.errors import SchemaMismatchError

if TYPE_CHECKING:
    import pyarrow as pa


def conform(rows: "pa.Table", existing: "pa.Schema | None", *, table_dir: Path) -> "pa.Table":
    """Return the rows with the table's columns in the table's order, or in storable types for a new table.

    Nothing is dropped, added or narrowed. Raises SchemaMismatchError naming the first column that does not fit.
    """
    target = existing if existing is not None else storable_schema(rows.schema, table_dir=table_dir)
    _require_same_names(rows.schema, target, table_dir=table_dir)
    columns = [_conform_column(rows, field, table_dir=table_dir) for field in target]
    return _table(columns, target)


def storable_schema(schema: "pa.Schema", *, table_dir: Path) -> "pa.Schema":
    """Return the schema in the types that Delta stores: signed integers, plain text, microseconds in UTC."""
    import pyarrow as pa

    for name in schema.names:
        if schema.names.count(name) > 1:
            raise SchemaMismatchError(table=str(table_dir), column=name, problem="the name is used twice")
    for field in schema:
        if pa.types.is_null(field.type):
            problem = "every value is null, so it has no type"
            raise SchemaMismatchError(table=str(table_dir), column=field.name, problem=problem)
    return pa.schema([pa.field(field.name, _storable(field.type)) for field in schema])


def _storable(kind: "pa.DataType") -> "pa.DataType":
    import pyarrow as pa

    types = pa.types
    if types.is_dictionary(kind):
        return _storable(kind.value_type)
    if types.is_timestamp(kind):
        return pa.timestamp("us", tz="UTC" if kind.tz else None)
    if types.is_list(kind) or types.is_large_list(kind):
        return pa.list_(_storable(kind.value_type))
    return _widened().get(kind, kind)


def _widened() -> "dict[pa.DataType, pa.DataType]":
    import pyarrow as pa

    return {
        pa.uint8(): pa.int16(),
        pa.uint16(): pa.int32(),
        pa.uint32(): pa.int64(),
        pa.uint64(): pa.int64(),
        pa.float16(): pa.float32(),
        pa.large_string(): pa.string(),
        pa.string_view(): pa.string(),
        pa.large_binary(): pa.binary(),
        pa.binary_view(): pa.binary(),
    }


def _require_same_names(schema: "pa.Schema", target: "pa.Schema", *, table_dir: Path) -> None:
    for name in schema.names:
        if name not in target.names:
            raise SchemaMismatchError(table=str(table_dir), column=name, problem="the table has no such column")
    for name in target.names:
        if name not in schema.names:
            raise SchemaMismatchError(table=str(table_dir), column=name, problem="it is missing in the new rows")


def _conform_column(rows: "pa.Table", field: "pa.Field", *, table_dir: Path) -> "pa.ChunkedArray":
    import pyarrow as pa

    column = rows.column(field.name)
    if not pa.types.is_null(column.type) and _storable(column.type) != field.type:
        problem = f"it has type {column.type}, the table has {field.type}"
        raise SchemaMismatchError(table=str(table_dir), column=field.name, problem=problem)
    try:
        return column.cast(field.type, safe=True)
    except pa.ArrowInvalid as cause:
        raise SchemaMismatchError(table=str(table_dir), column=field.name, problem=str(cause)) from cause


def _table(columns: "list[pa.ChunkedArray]", target: "pa.Schema") -> "pa.Table":
    import pyarrow as pa

    return pa.table(columns, schema=target)
