"""A table gets columns that its rows have gained since it was created; what was written before is null in them."""

# ruff: noqa: PLC0415 - deltalake and pyarrow cost half a second; who only imports this module does not pay it

from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.errors import LakeWriteError
from platform_assets.lakehouse.table import arrow_schema, open_table, table_exists

if TYPE_CHECKING:
    import pyarrow as pa

_ATTEMPTS = 5


def add_missing_columns(table_dir: Path, schema: "pa.Schema") -> tuple[str, ...]:
    """Add the columns of a schema that a table lacks, in one commit; return their names, none for a new table.

    Of several writers at once one adds them. Nothing is ever removed or changed: a column of another type is left for
    the append to refuse. Raises LakeWriteError when the table refuses.
    """
    from deltalake import Schema
    from deltalake.exceptions import CommitFailedError, DeltaError

    for _ in range(_ATTEMPTS):
        if not table_exists(table_dir):
            return ()
        table = open_table(table_dir)
        there = arrow_schema(table).names
        missing = [name for name in schema.names if name not in there]
        if not missing:
            return ()
        fields = Schema.from_arrow(_nullable(schema, missing)).fields
        try:
            table.alter.add_columns(fields)
        except CommitFailedError:  # another writer was faster: look again at what it left
            continue
        except (DeltaError, OSError) as cause:
            raise LakeWriteError(table=str(table_dir), reason=str(cause)) from cause
        return tuple(missing)
    raise LakeWriteError(table=str(table_dir), reason=f"other writers were faster {_ATTEMPTS} times")


def _nullable(schema: "pa.Schema", names: list[str]) -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([schema.field(name).with_nullable(nullable=True) for name in names])
