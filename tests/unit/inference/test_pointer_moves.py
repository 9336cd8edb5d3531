"""Kept moves: each one that came into force is told once with its cause, and none that did not."""

import datetime as dt
import errno
import os
from pathlib import Path

import msgspec
import pytest

from platform_assets.errors import ModelUnusableError, ReleaseConflictError
from platform_assets.inference import live_pointer
from platform_assets.inference.live_pointer import LivePointer, move_live, read_live
from platform_assets.inference.pointer_moves import Cause, PointerMove, read_moves, write_move
from tests.unit.rollouts.pointer_samples import PRODUCT, stored

NOW = dt.datetime(2026, 1, 3, tzinfo=dt.UTC)


@pytest.fixture
def ids(tmp_path: Path) -> list[str]:
    return stored(tmp_path, 3)


def move(releases_dir: Path, sequence: int, release_id: str, *, by: str = "ann") -> None:
    cause = Cause(kind="moved", by=by, reason=f"number {sequence}", evidence={"seen": [1, 2.5, None]})
    move_live(
        releases_dir,
        PRODUCT,
        expected_sequence=sequence - 1,
        release_id=release_id,
        moved_at=NOW,
        cause=cause,
        fsync=False,
    )


def test_moves_are_told_in_order_with_their_causes_and_the_pointers_after_them(tmp_path: Path, ids: list[str]) -> None:
    for sequence, release_id in enumerate((ids[0], ids[1], ids[0]), 1):
        move(tmp_path, sequence, release_id)
    found = read_moves(tmp_path, PRODUCT, up_to=3)
    assert [(one.sequence, one.pointer["release_id"]) for one in found] == [(1, ids[0]), (2, ids[1]), (3, ids[0])]
    assert [one.cause.reason for one in found] == ["number 1", "number 2", "number 3"]
    assert found[0].cause.evidence == {"seen": [1, 2.5, None]}
    assert msgspec.convert(found[-1].pointer, LivePointer) == read_live(tmp_path, PRODUCT)
    assert [one.sequence for one in read_moves(tmp_path, PRODUCT, after=1, up_to=2)] == [2]


def test_a_move_that_was_prepared_and_never_came_into_force_is_not_told(
    tmp_path: Path, ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    move(tmp_path, 1, ids[0])

    def full_disk(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(live_pointer, "write_file", full_disk)
        with pytest.raises(OSError, match="No space"):
            move(tmp_path, 2, ids[1], by="unlucky")

    live = read_live(tmp_path, PRODUCT)
    assert live is not None
    assert (live.release_id, live.sequence) == (ids[0], 1)
    assert [one.cause.by for one in read_moves(tmp_path, PRODUCT, up_to=live.sequence)] == ["ann"]
    # Whoever moves next has the same sequence: the prepared move is gone for good.
    move(tmp_path, 2, ids[2], by="bob")
    assert [one.cause.by for one in read_moves(tmp_path, PRODUCT, up_to=2)] == ["ann", "bob"]


def test_a_move_that_is_refused_leaves_what_is_kept_of_the_one_that_won(tmp_path: Path, ids: list[str]) -> None:
    move(tmp_path, 1, ids[0], by="winner")
    with pytest.raises(ReleaseConflictError):
        move(tmp_path, 1, ids[1], by="loser")
    assert [one.cause.by for one in read_moves(tmp_path, PRODUCT, up_to=1)] == ["winner"]


def test_moves_of_a_time_before_they_were_kept_are_missing_and_the_others_told(tmp_path: Path, ids: list[str]) -> None:
    old = f'{{"release_id":"{ids[0]}","sequence":7,"moved_at":"2025-12-01T00:00:00Z"}}'
    live_pointer.live_path(tmp_path, PRODUCT).write_text(old)
    move(tmp_path, 8, ids[1])
    assert [one.sequence for one in read_moves(tmp_path, PRODUCT, up_to=8)] == [8]


def test_a_move_of_a_later_version_with_more_in_its_pointer_is_still_told(tmp_path: Path, ids: list[str]) -> None:
    cause = Cause(kind="moved", by="ann", reason="a later version")
    pointer = {"release_id": ids[0], "sequence": 1, "something_new": {"deep": [1]}}
    write_move(tmp_path, PointerMove(product=PRODUCT, sequence=1, at=NOW, cause=cause, pointer=pointer), fsync=False)
    assert read_moves(tmp_path, PRODUCT, up_to=1)[0].pointer == pointer


def test_a_damaged_move_is_told_with_its_file(tmp_path: Path, ids: list[str]) -> None:
    move(tmp_path, 1, ids[0])
    path = tmp_path / PRODUCT / "moves" / "00000001.json"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ModelUnusableError, match=r"00000001\.json"):
        read_moves(tmp_path, PRODUCT, up_to=1)
