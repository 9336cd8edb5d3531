"""Rollouts on disk: the pointer and the kept move say the same, and a move from an old view changes nothing."""

from pathlib import Path

import pytest

from platform_assets.errors import AlreadyInForceError, ModelUnusableError, NoReleaseError, RolloutStateError
from platform_assets.inference.live_pointer import live_path, move_live
from platform_assets.inference.pointer_moves import read_moves
from platform_assets.inference.release import release_path
from platform_assets.rollouts import moves
from platform_assets.rollouts.moves import Pointers, Word
from tests.unit.rollouts.pointer_samples import AT_ONCE, NOON, PLAN, PRODUCT, in_force, stored, word


@pytest.fixture
def pointers(tmp_path: Path) -> Pointers:
    return Pointers(releases_dir=tmp_path, fsync=False)


@pytest.fixture
def ids(pointers: Pointers) -> list[str]:
    """Store three releases; the first one is in force."""
    made = stored(pointers.releases_dir, 3)
    move_live(pointers.releases_dir, PRODUCT, expected_sequence=0, release_id=made[0], moved_at=NOON, fsync=False)
    return made


def begin(pointers: Pointers, release_id: str) -> str:
    rollout = moves.begin(pointers, PRODUCT, release_id=release_id, plan=PLAN, word=word()).rollout
    assert rollout is not None
    return rollout.rollout_id


def test_a_rollout_goes_from_its_first_step_to_all_of_the_traffic(pointers: Pointers, ids: list[str]) -> None:
    rollout_id = begin(pointers, ids[1])
    for hours, step in ((1, "shadow"), (2, "half")):
        moves.advance(pointers, PRODUCT, rollout_id=rollout_id, from_step=step, word=word(hours=hours))
    moves.complete(pointers, PRODUCT, rollout_id=rollout_id, from_step="all", word=word(hours=3))

    live = in_force(pointers.releases_dir)
    assert (live.release_id, live.rollout, live.sequence) == (ids[1], None, 5)
    assert [one.release_id for one in live.kept] == [ids[0]]
    kept = read_moves(pointers.releases_dir, PRODUCT, up_to=live.sequence)
    assert [move.cause.kind for move in kept] == [
        "moved",
        "rollout_begun",
        "rollout_advanced",
        "rollout_advanced",
        "rollout_completed",
    ]


def test_each_move_keeps_who_why_and_the_evidence_with_the_pointer_after_it(pointers: Pointers, ids: list[str]) -> None:
    rollout_id = begin(pointers, ids[1])
    told = Word(by="endpoint", at=NOON, reason="3 % of answers failed", evidence={"answers": 1000, "errors": 30})
    moves.end(pointers, PRODUCT, rollout_id=rollout_id, word=told)
    (move,) = read_moves(pointers.releases_dir, PRODUCT, after=2, up_to=3)
    assert (move.cause.kind, move.cause.by, move.cause.reason) == ("rollout_ended", told.by, told.reason)
    assert move.cause.evidence == told.evidence
    assert (move.pointer["release_id"], move.pointer["rollout"]) == (ids[0], None)


def test_an_instant_plan_takes_over_in_one_move_and_keeps_the_old_release(pointers: Pointers, ids: list[str]) -> None:
    live = moves.begin(pointers, PRODUCT, release_id=ids[1], plan=AT_ONCE, word=word())
    assert (live.release_id, live.sequence, live.rollout) == (ids[1], 2, None)
    assert [one.release_id for one in live.kept] == [ids[0]]
    assert in_force(pointers.releases_dir) == live


def test_the_same_release_rolled_out_again_is_tried_on_other_units(pointers: Pointers, ids: list[str]) -> None:
    first = begin(pointers, ids[1])
    moves.end(pointers, PRODUCT, rollout_id=first, word=word())
    assert begin(pointers, ids[1]) != first


def test_a_mover_that_saw_an_earlier_step_is_refused(pointers: Pointers, ids: list[str]) -> None:
    rollout_id = begin(pointers, ids[1])
    moves.advance(pointers, PRODUCT, rollout_id=rollout_id, from_step="shadow", word=word())
    before = in_force(pointers.releases_dir)
    with pytest.raises(RolloutStateError, match=r"in step half is under way, not .* in step shadow"):
        moves.advance(pointers, PRODUCT, rollout_id=rollout_id, from_step="shadow", word=word())
    with pytest.raises(RolloutStateError, match="half"):
        moves.complete(pointers, PRODUCT, rollout_id=rollout_id, from_step="all", word=word())
    assert in_force(pointers.releases_dir) == before


def test_a_late_word_on_an_ended_rollout_does_not_end_the_next_one(pointers: Pointers, ids: list[str]) -> None:
    first = begin(pointers, ids[1])
    moves.end(pointers, PRODUCT, rollout_id=first, word=word())
    second = begin(pointers, ids[2])
    with pytest.raises(RolloutStateError, match=f"{second} in step shadow is under way, not {first}"):
        moves.end(pointers, PRODUCT, rollout_id=first, word=word())
    assert in_force(pointers.releases_dir).rollout is not None


def test_a_rollout_ends_only_once_whoever_tries_again(pointers: Pointers, ids: list[str]) -> None:
    rollout_id = begin(pointers, ids[1])
    moves.end(pointers, PRODUCT, rollout_id=rollout_id, word=word(by="endpoint"))
    with pytest.raises(RolloutStateError, match="no rollout is under way"):
        moves.end(pointers, PRODUCT, rollout_id=rollout_id, word=word(by="driver"))
    assert in_force(pointers.releases_dir).sequence == 3


def test_a_release_that_is_not_stored_cannot_begin_a_rollout(pointers: Pointers, ids: list[str]) -> None:
    with pytest.raises(NoReleaseError):
        moves.begin(pointers, PRODUCT, release_id="f" * 16, plan=PLAN, word=word())
    with pytest.raises(AlreadyInForceError):
        moves.begin(pointers, PRODUCT, release_id=ids[0], plan=PLAN, word=word())
    assert in_force(pointers.releases_dir).sequence == 1


def test_a_product_without_a_release_in_force_has_nothing_to_roll_out_beside(pointers: Pointers) -> None:
    (only,) = stored(pointers.releases_dir, 1)
    with pytest.raises(NoReleaseError):
        moves.begin(pointers, PRODUCT, release_id=only, plan=PLAN, word=word())
    with pytest.raises(NoReleaseError):
        moves.switch_off(pointers, PRODUCT, word())
    assert not live_path(pointers.releases_dir, PRODUCT).exists()


def test_a_switch_is_kept_with_its_reason_and_survives_a_roll_back(pointers: Pointers, ids: list[str]) -> None:
    moves.switch_off(pointers, PRODUCT, word(reason="scores are wrong"))
    move_live(pointers.releases_dir, PRODUCT, expected_sequence=2, release_id=ids[1], moved_at=NOON, fsync=False)
    off = in_force(pointers.releases_dir).off
    assert off is not None
    assert (off.by, off.reason) == ("ann", "scores are wrong")
    assert moves.switch_on(pointers, PRODUCT, word()).off is None
    kinds = [move.cause.kind for move in read_moves(pointers.releases_dir, PRODUCT, up_to=4)]
    assert kinds == ["moved", "switched_off", "moved", "switched_on"]


def test_a_damaged_release_stops_a_promotion_and_neither_the_switch_nor_the_way_back(
    pointers: Pointers, ids: list[str]
) -> None:
    rollout_id = begin(pointers, ids[1])
    for release_id in ids[:2]:
        release_path(pointers.releases_dir, PRODUCT, release_id).write_bytes(b"{")
    with pytest.raises(ModelUnusableError):
        moves.advance(pointers, PRODUCT, rollout_id=rollout_id, from_step="shadow", word=word(hours=1))
    moves.switch_off(pointers, PRODUCT, word(hours=2))
    moves.end(pointers, PRODUCT, rollout_id=rollout_id, word=word(hours=3))
    live = in_force(pointers.releases_dir)
    assert (live.release_id, live.rollout, live.off is not None) == (ids[0], None, True)
