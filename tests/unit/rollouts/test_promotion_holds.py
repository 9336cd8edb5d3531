"""What holds promotions: each move that gives a release more traffic is refused, the others never are."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from platform_assets.errors import ModelUnusableError, PromotionHeldError
from platform_assets.inference.live_pointer import LivePointer, move_live
from platform_assets.inference.promotion_hold import PromotionHold, read_holds, require_not_held, write_holds
from platform_assets.rollouts.moves import Pointers, advance, begin, complete, end, switch_off, switch_on
from tests.unit.rollouts.pointer_samples import AT_ONCE, NOON, PLAN, PRODUCT, in_force, stored, word

HOUR = dt.timedelta(hours=1)
HOLD = PromotionHold(incident_id=7, told="severe incident: data_age is broken", owner="crm", since=NOON)


@pytest.fixture
def pointers(tmp_path: Path) -> Pointers:
    first, second, _ = stored(tmp_path, 3)
    pointers = Pointers(releases_dir=tmp_path, fsync=False)
    move_live(tmp_path, PRODUCT, expected_sequence=0, release_id=first, moved_at=NOON, fsync=False)
    begin(pointers, PRODUCT, release_id=second, plan=PLAN, word=word())
    return pointers


def hold(pointers: Pointers, *holds: PromotionHold) -> None:
    write_holds(pointers.releases_dir, PRODUCT, holds, fsync=False)


def rollout_id(pointers: Pointers) -> str:
    rollout = in_force(pointers.releases_dir).rollout
    assert rollout is not None
    return rollout.rollout_id


def to_last_step(pointers: Pointers) -> None:
    for step in ("shadow", "half"):
        advance(pointers, PRODUCT, rollout_id=rollout_id(pointers), from_step=step, word=word())


def try_begin(pointers: Pointers) -> LivePointer:
    end(pointers, PRODUCT, rollout_id=rollout_id(pointers), word=word())
    return begin(pointers, PRODUCT, release_id=stored(pointers.releases_dir, 3)[2], plan=PLAN, word=word())


def try_at_once(pointers: Pointers) -> LivePointer:
    end(pointers, PRODUCT, rollout_id=rollout_id(pointers), word=word())
    return begin(pointers, PRODUCT, release_id=stored(pointers.releases_dir, 3)[2], plan=AT_ONCE, word=word())


def try_advance(pointers: Pointers) -> LivePointer:
    return advance(pointers, PRODUCT, rollout_id=rollout_id(pointers), from_step="shadow", word=word())


@pytest.mark.parametrize("promote", [try_begin, try_at_once, try_advance])
def test_a_held_product_gets_no_release_and_no_further_step(
    pointers: Pointers, promote: Callable[[Pointers], LivePointer]
) -> None:
    hold(pointers, HOLD)
    with pytest.raises(PromotionHeldError, match=r"incident 7, owner crm.*incidents waive 7"):
        promote(pointers)
    before = in_force(pointers.releases_dir)
    assert before.rollout is None or before.rollout.step_name == "shadow"


def test_a_held_product_stays_in_its_last_step(pointers: Pointers) -> None:
    to_last_step(pointers)
    hold(pointers, HOLD)
    with pytest.raises(PromotionHeldError):
        complete(pointers, PRODUCT, rollout_id=rollout_id(pointers), from_step="all", word=word())
    rollout = in_force(pointers.releases_dir).rollout
    assert rollout is not None
    assert rollout.step_name == "all"


def test_the_way_back_and_the_switch_are_never_held(pointers: Pointers) -> None:
    hold(pointers, HOLD)
    switch_off(pointers, PRODUCT, word())
    switch_on(pointers, PRODUCT, word())
    ended = end(pointers, PRODUCT, rollout_id=rollout_id(pointers), word=word())
    assert ended.rollout is None
    back = stored(pointers.releases_dir, 3)[2]
    move_live(
        pointers.releases_dir, PRODUCT, expected_sequence=ended.sequence, release_id=back, moved_at=NOON, fsync=False
    )
    assert in_force(pointers.releases_dir).release_id == back


def test_an_older_release_is_a_way_back_and_is_never_held(pointers: Pointers) -> None:
    end(pointers, PRODUCT, rollout_id=rollout_id(pointers), word=word())
    _, second, third = stored(pointers.releases_dir, 3)
    begin(pointers, PRODUCT, release_id=third, plan=AT_ONCE, word=word())
    hold(pointers, HOLD)
    begin(pointers, PRODUCT, release_id=second, plan=PLAN, word=word())
    to_last_step(pointers)
    complete(pointers, PRODUCT, rollout_id=rollout_id(pointers), from_step="all", word=word())
    assert in_force(pointers.releases_dir).release_id == second
    with pytest.raises(PromotionHeldError):
        begin(pointers, PRODUCT, release_id=third, plan=PLAN, word=word())


def test_a_release_in_force_that_cannot_be_read_holds_nobody_back(pointers: Pointers) -> None:
    end(pointers, PRODUCT, rollout_id=rollout_id(pointers), word=word())
    first, second, _ = stored(pointers.releases_dir, 3)
    hold(pointers, HOLD)
    (pointers.releases_dir / PRODUCT / f"{first}.json").write_bytes(b"{")
    begin(pointers, PRODUCT, release_id=second, plan=AT_ONCE, word=word())
    assert in_force(pointers.releases_dir).release_id == second


def test_a_hold_begins_at_its_due_date_and_rests_while_its_incident_is_waived() -> None:
    due = PromotionHold(incident_id=7, told="late", owner="crm", since=NOON + HOUR, waived_until=NOON + 3 * HOUR)
    assert [due.holds(NOON + hours * HOUR) for hours in (0, 2, 3, 4)] == [False, False, True, True]
    require_not_held(PRODUCT, [due], NOON)


def test_every_reason_that_holds_is_named_and_none_that_does_not() -> None:
    other = PromotionHold(incident_id=9, told="capacity action 4 was due", owner="ops", since=NOON)
    waived = PromotionHold(incident_id=8, told="waived", owner="bi", since=NOON, waived_until=NOON + HOUR)
    with pytest.raises(PromotionHeldError, match=r"data_age is broken.*capacity action 4") as refused:
        require_not_held(PRODUCT, [HOLD, waived, other], NOON)
    assert "waived (incident" not in str(refused.value)


def test_what_was_written_is_read_and_nothing_is_there_before(tmp_path: Path) -> None:
    assert read_holds(tmp_path, PRODUCT) == ()
    write_holds(tmp_path, PRODUCT, [], fsync=False)
    assert not (tmp_path / PRODUCT).exists()
    write_holds(tmp_path, PRODUCT, [HOLD], fsync=False)
    assert read_holds(tmp_path, PRODUCT) == (HOLD,)
    write_holds(tmp_path, PRODUCT, [], fsync=False)
    assert read_holds(tmp_path, PRODUCT) == ()


def test_a_damaged_file_holds_promotions_and_not_the_way_back(pointers: Pointers) -> None:
    hold(pointers, HOLD)
    next((pointers.releases_dir / PRODUCT).glob("promotion_hold.json")).write_bytes(b"[{")
    with pytest.raises(ModelUnusableError, match="promotion_hold"):
        try_advance(pointers)
    assert end(pointers, PRODUCT, rollout_id=rollout_id(pointers), word=word()).rollout is None
