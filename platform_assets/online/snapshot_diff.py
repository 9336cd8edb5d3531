"""What differs between the snapshot that a slot holds and the one that it shall hold, row by row, bit by bit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from platform_assets.online.packing import ByteArray
from platform_assets.online.snapshot_copy import PackedKeySet, PackedSnapshot

IndexArray = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class KeySetChange:
    """The change of one key set: rows of `wanted` to write, its rows that stay, and old entity keys to delete."""

    wanted: PackedKeySet
    changed: IndexArray
    kept: IndexArray
    deleted: ByteArray


def everything_new(snapshot: PackedSnapshot) -> tuple[KeySetChange, ...]:
    """Return the change from an empty slot."""
    return tuple(
        KeySetChange(
            wanted=key_set,
            changed=np.arange(len(key_set.keys)),
            kept=np.empty(0, dtype=np.intp),
            deleted=key_set.keys[:0],
        )
        for key_set in snapshot.key_sets
    )


def compare(base: PackedSnapshot, wanted: PackedSnapshot) -> tuple[KeySetChange, ...]:
    """Return the change of each key set; both snapshots have the same number of them."""
    return tuple(_compare(old, new) for old, new in zip(base.key_sets, wanted.key_sets, strict=True))


def _compare(old: PackedKeySet, new: PackedKeySet) -> KeySetChange:
    _, old_rows, new_rows = np.intersect1d(old.keys, new.keys, assume_unique=True, return_indices=True)
    is_kept = np.zeros(len(new.keys), dtype=np.bool_)
    if old.words.shape[1] == new.words.shape[1]:
        is_kept[new_rows] = (old.words[old_rows] == new.words[new_rows]).all(axis=1)
    is_deleted = np.ones(len(old.keys), dtype=np.bool_)
    is_deleted[old_rows] = False
    return KeySetChange(
        wanted=new, changed=np.flatnonzero(~is_kept), kept=np.flatnonzero(is_kept), deleted=old.keys[is_deleted]
    )
