"""Identifies what a table says, whatever file, chunks or library version hold it."""

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def content_digest(table: "pa.Table") -> str:
    """Return the sha256 of column names, types, row order and values; null, NaN and 0 all differ."""
    digest = hashlib.sha256()
    for field in table.schema:
        digest.update(f"{field.name} {field.type}\n".encode())
        for part in _parts(table.column(field.name)):
            digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def _parts(column: "pa.ChunkedArray") -> tuple[bytes, bytes]:
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.compute as pc  # noqa: PLC0415

    nulls: bytes = column.is_null().to_numpy().tobytes()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        texts = [(text or "").encode() for text in column.to_pylist()]
        return nulls, b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    plain = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
    zero = pa.scalar(value=False) if pa.types.is_boolean(plain.type) else pa.scalar(0, type=plain.type)
    # What lies under a null is arbitrary memory.
    return nulls, pc.fill_null(plain, zero).to_numpy().tobytes()
