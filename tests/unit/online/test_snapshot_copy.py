"""Packed snapshots, their copies on disk, and what differs between two of them."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_assets.errors import SnapshotCorruptError, SnapshotMissingError
from platform_assets.online.layout import ViewLayout, build_manifest
from platform_assets.online.snapshot_copy import (
    KeySetTable,
    PackedSnapshot,
    copy_path,
    load_copy,
    pack_snapshot,
    prune_copies,
    save_copy,
)
from platform_assets.online.snapshot_diff import compare, everything_new
from platform_assets.online.snapshot_live import last_epoch, live_copy
from platform_assets.settings import Settings

MANIFEST = build_manifest("churn_v1", [ViewLayout(name="orders", join_keys=("customer_id",), columns=("n",))])
CONTENT = st.dictionaries(st.integers(0, 12), st.sampled_from([0.0, -0.0, 1.0, float("nan")]))


def snapshot(content: dict[int, float], name: str = "s1") -> PackedSnapshot:
    table = KeySetTable(
        key_columns=[list(content)],
        event_times=np.ones((len(content), 1)),
        values=np.array(list(content.values()), dtype=np.float64).reshape(-1, 1),
    )
    return pack_snapshot(MANIFEST, [table], as_of=5.0, snapshot_id=name)


def rows_of(packed: PackedSnapshot) -> dict[bytes, bytes]:
    (key_set,) = packed.key_sets
    return {key: row.tobytes() for key, row in zip(key_set.keys.tolist(), key_set.words, strict=True)}


@given(CONTENT, CONTENT)
def test_applying_a_difference_to_the_old_snapshot_gives_the_new_one(
    old: dict[int, float], new: dict[int, float]
) -> None:
    before, after = snapshot(old), snapshot(new)
    (change,) = compare(before, after)
    held = rows_of(before)
    for key in change.deleted.tolist():
        del held[key]
    for row in change.changed:
        held[change.wanted.keys[row]] = change.wanted.words[row].tobytes()
    assert held == rows_of(after)


@given(CONTENT, CONTENT)
def test_a_difference_names_no_row_that_stays(old: dict[int, float], new: dict[int, float]) -> None:
    before, after = snapshot(old), snapshot(new)
    (change,) = compare(before, after)
    same = {key for key, row in rows_of(after).items() if rows_of(before).get(key) == row}
    assert set(change.wanted.keys[change.kept].tolist()) == same
    assert len(change.changed) + len(change.kept) == len(after.key_sets[0].keys)


def test_against_an_empty_slot_everything_is_new() -> None:
    (change,) = everything_new(snapshot({1: 1.0, 2: 2.0}))
    assert (len(change.changed), len(change.kept), len(change.deleted)) == (2, 0, 0)


def test_the_order_of_rows_does_not_change_a_snapshot() -> None:
    assert snapshot({1: 1.0, 2: 2.0}).digest == snapshot({2: 2.0, 1: 1.0}).digest


def test_another_value_gives_another_digest() -> None:
    assert snapshot({1: 1.0}).digest != snapshot({1: 2.0}).digest


@pytest.mark.parametrize("content", [{}, {1: 1.0, 20: float("nan")}])
def test_a_copy_is_the_snapshot_to_the_last_bit(tmp_path: Path, content: dict[int, float]) -> None:
    original = snapshot(content)
    loaded = load_copy(save_copy(tmp_path, original, fsync=True))
    assert rows_of(loaded) == rows_of(original)
    assert (loaded.manifest, loaded.snapshot_id, loaded.as_of) == (MANIFEST, "s1", 5.0)


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_a_damaged_copy_is_refused(tmp_path: Path, damage: bytes | None) -> None:
    path = save_copy(tmp_path, snapshot(dict.fromkeys(range(50), 1.0)), fsync=False)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] if damage is None else damage)
    with pytest.raises(SnapshotCorruptError, match="copy"):
        load_copy(path)


def test_a_flipped_bit_in_a_copy_is_noticed(tmp_path: Path) -> None:
    path = save_copy(tmp_path, snapshot(dict.fromkeys(range(500), 1.0)), fsync=False)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(SnapshotCorruptError, match="copy"):
        load_copy(path)


def test_saving_leaves_nothing_but_the_copy(tmp_path: Path) -> None:
    save_copy(tmp_path, snapshot({1: 1.0}), fsync=True)
    assert [path.name for path in (tmp_path / "churn_v1").iterdir()] == ["s1.npz"]


def test_pruning_keeps_the_copies_that_were_written_last(tmp_path: Path) -> None:
    for number in range(4):
        path = save_copy(tmp_path, snapshot({1: 1.0}, f"s{number}"), fsync=False)
        os.utime(path, ns=(number, number))
    deleted = prune_copies(tmp_path, "churn_v1", keep=2)
    assert [path.stem for path in deleted] == ["s1", "s0"]
    assert copy_path(tmp_path, "churn_v1", "s3").exists()


def test_an_entity_that_stands_twice_is_refused() -> None:
    table = KeySetTable(key_columns=[[7, 7.0]], event_times=np.ones((2, 1)), values=np.ones((2, 1)))
    with pytest.raises(SnapshotCorruptError, match="'7'"):
        pack_snapshot(MANIFEST, [table], as_of=5.0, snapshot_id="s1")


def test_another_number_of_tables_than_key_sets_is_refused() -> None:
    with pytest.raises(SnapshotCorruptError, match="0 tables for 1 key sets"):
        pack_snapshot(MANIFEST, [], as_of=5.0, snapshot_id="s1")


def test_a_service_that_was_never_published_has_no_copy_to_rebuild_from(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert last_epoch(settings, "churn_v1") == 0
    with pytest.raises(SnapshotMissingError, match="nothing was ever published"):
        live_copy(settings, "churn_v1")
