"""What the online store holds under which key: the manifest of a feature service and the names of its keys.

A service keeps one packed value per entity and key set. A key set is a distinct tuple of join keys: a service whose
views have different join keys (a car park; a car park and its half-hour slot) has one packed value for each.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from platform_assets.errors import SnapshotCorruptError

Slot = Literal["a", "b"]
SLOTS: tuple[Slot, Slot] = ("a", "b")
_SERVICE_NAME = re.compile(r"[A-Za-z0-9_.-]+")


class ViewLayout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The columns of one version of a feature view; a row older than `max_age_seconds` is stale (None: never)."""

    name: str
    join_keys: tuple[str, ...]
    columns: tuple[str, ...]
    version: int = 1
    max_age_seconds: float | None = None


class KeySetLayout(msgspec.Struct, frozen=True, kw_only=True):
    """The views that share their join keys, hence one packed value: schema hash, event times, then columns."""

    number: int
    join_keys: tuple[str, ...]
    views: tuple[ViewLayout, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns in the order of the packed values."""
        return tuple(column for view in self.views for column in view.columns)

    @property
    def width(self) -> int:
        """How many 8-byte words a packed value has."""
        return 1 + len(self.views) + len(self.columns)


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The meaning of the bytes of one feature service; `schema_hash` changes whenever that meaning does.

    Every value is a little-endian float64; a timestamp is seconds since 1970, NaN is missing.
    """

    service: str
    views: tuple[ViewLayout, ...]
    schema_hash: str
    dtype: Literal["<f8"] = "<f8"

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns in the order of the views, whatever their key set."""
        return tuple(column for view in self.views for column in view.columns)

    @property
    def key_sets(self) -> tuple[KeySetLayout, ...]:
        """The distinct join keys in order of appearance, with their views."""
        distinct = tuple(dict.fromkeys(view.join_keys for view in self.views))
        return tuple(
            KeySetLayout(number=number, join_keys=keys, views=tuple(v for v in self.views if v.join_keys == keys))
            for number, keys in enumerate(distinct)
        )


def build_manifest(service: str, views: Sequence[ViewLayout]) -> Manifest:
    """Return the manifest of a service; raises SnapshotCorruptError for an unusable name or a repeated column."""
    if not _SERVICE_NAME.fullmatch(service):
        raise SnapshotCorruptError(service=service, problem="its name may hold letters, digits, '_', '-', '.' only")
    columns = [column for view in views for column in view.columns]
    repeated = sorted({column for column in columns if columns.count(column) > 1})
    if repeated or not columns:
        problem = f"columns {repeated} stand twice" if repeated else "it has no column"
        raise SnapshotCorruptError(service=service, problem=problem)
    return Manifest(service=service, views=tuple(views), schema_hash=_schema_hash(service, views))


def _schema_hash(service: str, views: Sequence[ViewLayout]) -> str:
    # The maximum age is left out: it says when to distrust a value, not what its bytes mean.
    shape = {"service": service, "dtype": "<f8", "views": [[v.name, v.version, v.join_keys, v.columns] for v in views]}
    return hashlib.blake2b(msgspec.json.encode(shape, order="deterministic"), digest_size=8).hexdigest()


def hash_word(schema_hash: str) -> int:
    """Return the schema hash as the unsigned 64-bit word that starts every packed value."""
    return int.from_bytes(bytes.fromhex(schema_hash), "little")


def other(slot: Slot) -> Slot:
    """Return the slot that is not this one."""
    return "b" if slot == "a" else "a"


def pointer_key(service: str) -> bytes:
    """Return the key of the one pointer that says which slot is live."""
    return f"snap:{{{service}}}:ptr".encode()


def manifest_key(service: str, slot: Slot) -> bytes:
    """Return the key of the manifest of a slot."""
    return f"snap:{{{service}}}:manifest:{slot}".encode()


def meta_key(service: str, slot: Slot) -> bytes:
    """Return the key of the state of a slot."""
    return f"snap:{{{service}}}:meta:{slot}".encode()


def lease_key(service: str) -> bytes:
    """Return the key that the one writer of a service holds."""
    return f"snap:{{{service}}}:lease".encode()


def row_prefix(service: str, slot: Slot, key_set: int | None = None) -> bytes:
    """Return what the keys of the rows of a slot (and key set) start with."""
    middle = "" if key_set is None else f"{key_set}:"
    return f"snap:{{{service}}}:{slot}:{middle}".encode()
