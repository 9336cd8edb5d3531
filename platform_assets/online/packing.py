"""Rows to bytes and back: entity keys, and one packed value per entity."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from platform_assets.errors import SnapshotCorruptError
from platform_assets.online.layout import KeySetLayout, hash_word

FloatArray = NDArray[np.float64]
WordArray = NDArray[np.uint64]
BoolArray = NDArray[np.bool_]
ByteArray = NDArray[np.bytes_]
_ESCAPES = str.maketrans({"%": "%25", "|": "%7C", "\x00": "%00"})


def entity_key(values: Iterable[object]) -> str:
    """Return the one spelling of an entity: its key values joined by `|`, with integral numbers as integers."""
    return "|".join(map(_spell, values))


def _spell(value: object) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bytes):
        value = value.decode()
    return str(value).translate(_ESCAPES)


def entity_keys(columns: Sequence[Iterable[object]]) -> ByteArray:
    """Return the keys of many entities as fixed-width bytes [n]; `columns` holds one sequence per join key."""
    lists = (column.tolist() if isinstance(column, np.ndarray) else column for column in columns)
    return np.array([entity_key(row).encode() for row in zip(*lists, strict=True)], dtype=np.bytes_)


@dataclass(frozen=True, slots=True)
class UnpackedRows:
    """Values [n, columns], event times [n, views] (epoch seconds) and found [n]; NaN wherever nothing is known."""

    values: FloatArray
    event_times: FloatArray
    found: BoolArray


def pack_rows(layout: KeySetLayout, schema_hash: str, event_times: FloatArray, values: FloatArray) -> WordArray:
    """Return the packed values as words [n, layout.width]; equal rows give equal bytes.

    Raises SnapshotCorruptError when the shapes are not those of the layout.
    """
    rows, views, columns = len(values), len(layout.views), len(layout.columns)
    if values.shape != (rows, columns) or event_times.shape != (rows, views):
        problem = f"arrays of {event_times.shape} and {values.shape} where {views} views and {columns} columns stand"
        raise SnapshotCorruptError(service="|".join(layout.join_keys), problem=problem)
    words = np.empty((rows, layout.width), dtype="<u8")
    words[:, 0] = hash_word(schema_hash)
    words[:, 1 : 1 + views] = _canonical(event_times)
    words[:, 1 + views :] = _canonical(values)
    return words


def _canonical(numbers: FloatArray) -> WordArray:
    # One bit pattern for NaN, so that a comparison of bytes is a comparison of values.
    numbers = np.ascontiguousarray(numbers, dtype="<f8")
    return np.where(np.isnan(numbers), np.nan, numbers).view("<u8")


def unpack_rows(layout: KeySetLayout, schema_hash: str, raw: Sequence[bytes | None], *, service: str) -> UnpackedRows:
    """Return the rows behind packed values, None where the store had none.

    Raises SnapshotCorruptError when a value has another length or schema hash than the manifest says.
    """
    blank = bytes(8 * layout.width)
    if any(value is not None and len(value) != len(blank) for value in raw):
        raise SnapshotCorruptError(service=service, problem=f"a value is not {len(blank)} bytes long")
    found = np.array([value is not None for value in raw], dtype=np.bool_)
    words = np.frombuffer(b"".join(blank if v is None else v for v in raw), dtype="<u8").reshape(-1, layout.width)
    if (words[found, 0] != hash_word(schema_hash)).any():
        raise SnapshotCorruptError(service=service, problem=f"a value is not of schema {schema_hash}")
    numbers = np.where(found[:, None], words[:, 1:].view("<f8"), np.nan)
    views = len(layout.views)
    return UnpackedRows(values=numbers[:, views:], event_times=numbers[:, :views], found=found)
