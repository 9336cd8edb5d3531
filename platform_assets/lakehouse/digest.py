"""The digest of the content of rows: equal for equal values in equal order, whatever their chunks or buffers."""

# ruff: noqa: PLC0415 - pyarrow costs half a second; who only imports this module does not pay it

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def content_digest(rows: "pa.Table") -> str:
    """Return the sha256 over names, types and values of all columns; floats count bit for bit.

    The order of rows and columns counts; chunking, slicing and what lies under a null do not.
    """
    import pyarrow as pa

    digest = hashlib.sha256(f"{rows.num_rows}\0".encode())
    for field in rows.schema:
        digest.update(f"{field.name}\0{field.type}\0".encode())
        column = rows.column(field.name).combine_chunks()
        array = column if isinstance(column, pa.Array) else pa.concat_arrays(column.chunks)
        for part in _canonical_parts(array):
            digest.update(part)
    return digest.hexdigest()


def _canonical_parts(array: "pa.Array") -> list[bytes]:
    import pyarrow as pa
    import pyarrow.compute as pc

    nulls = pc.is_null(array).to_numpy(zero_copy_only=False).tobytes()
    kind = array.type
    if pa.types.is_boolean(kind):
        array, kind = array.cast(pa.int8()), pa.int8()
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return [nulls, _filled(array).to_numpy(zero_copy_only=False).tobytes()]
    if (
        pa.types.is_timestamp(kind)
        or pa.types.is_date64(kind)
        or pa.types.is_time64(kind)
        or pa.types.is_duration(kind)
    ):
        return [nulls, _filled(array.view(pa.int64())).to_numpy(zero_copy_only=False).tobytes()]
    if pa.types.is_date32(kind) or pa.types.is_time32(kind):
        return [nulls, _filled(array.view(pa.int32())).to_numpy(zero_copy_only=False).tobytes()]
    # Text, decimals and nested values: their Python form is exact, and these columns are few.
    return [nulls, repr(array.to_pylist()).encode()]


def _filled(array: "pa.Array") -> "pa.Array":
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.fill_null(array, pa.scalar(0, type=array.type))
