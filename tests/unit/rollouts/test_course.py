"""The moves of a rollout as pure functions: what each keeps, what it changes, and where it is refused."""

import datetime as dt

import msgspec
import pytest

from platform_assets.contract.rollout import RolloutPlan, Step
from platform_assets.errors import AlreadyInForceError, RolloutStateError
from platform_assets.inference.live_pointer import KeptRelease, LivePointer, SwitchedOff
from platform_assets.rollouts import course
from tests.unit.rollouts.pointer_samples import NOON, PLAN, PRODUCT

HOUR = dt.timedelta(hours=1)
LIVE = LivePointer(release_id="one", sequence=4, moved_at=NOON)
OFF = SwitchedOff(at=NOON, by="ann", reason="wrong scores")


def begun(live: LivePointer = LIVE, plan: RolloutPlan = PLAN) -> LivePointer:
    return course.begun(PRODUCT, live, release_id="two", plan=plan, rollout_id="r", at=NOON + HOUR)


def last_step() -> LivePointer:
    return course.advanced(PRODUCT, course.advanced(PRODUCT, begun(), at=NOON + HOUR), at=NOON + 2 * HOUR)


def test_a_rollout_begins_in_the_first_step_and_leaves_the_control_in_force() -> None:
    live = begun()
    assert (live.release_id, live.sequence, live.moved_at) == ("one", 5, NOON + HOUR)
    assert live.rollout is not None
    assert (live.rollout.release_id, live.rollout.step_name, live.rollout.share) == ("two", "shadow", 0.0)
    assert live.rollout.since == live.rollout.step_since == NOON + HOUR


def test_a_second_rollout_is_refused_while_one_is_under_way() -> None:
    with pytest.raises(RolloutStateError, match="release two is in step shadow; end that rollout first"):
        course.begun(PRODUCT, begun(), release_id="three", plan=PLAN, rollout_id="s", at=NOON)


def test_the_release_in_force_cannot_be_its_own_candidate() -> None:
    with pytest.raises(AlreadyInForceError, match="one"):
        course.begun(PRODUCT, LIVE, release_id="one", plan=PLAN, rollout_id="s", at=NOON)


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ((Step(name="half", share=0.5, hours=1),), "the last share is 0.5"),
        ((Step(name="a", share=0.5, hours=1), Step(name="a", share=1, hours=1)), "two have the same name"),
        ((Step(name="a", share=0.5, hours=1), Step(name="b", share=0.5, hours=1)), "not above 0.5"),
    ],
)
def test_a_plan_that_contradicts_itself_never_begins(steps: tuple[Step, ...], told: str) -> None:
    with pytest.raises(RolloutStateError, match=told):
        begun(plan=RolloutPlan(own_steps=steps))


def test_each_step_begins_anew_while_the_rollout_keeps_its_name_and_start() -> None:
    rollout = course.advanced(PRODUCT, begun(), at=NOON + 3 * HOUR).rollout
    assert rollout is not None
    assert (rollout.step_name, rollout.share, rollout.step_since) == ("half", 0.5, NOON + 3 * HOUR)
    assert (rollout.rollout_id, rollout.since) == ("r", NOON + HOUR)


def test_there_is_no_step_after_the_last_one() -> None:
    with pytest.raises(RolloutStateError, match="all is the last step; complete it instead"):
        course.advanced(PRODUCT, last_step(), at=NOON)


def test_only_the_last_step_can_be_completed() -> None:
    with pytest.raises(RolloutStateError, match="shadow is not the last step"):
        course.completed(PRODUCT, begun(), at=NOON)


def test_completion_puts_the_candidate_in_force_and_keeps_the_old_release_for_its_hours() -> None:
    live = course.completed(PRODUCT, last_step(), at=NOON + 5 * HOUR)
    assert (live.release_id, live.rollout, live.sequence) == ("two", None, 8)
    assert live.kept == (KeptRelease(release_id="one", until=NOON + 29 * HOUR),)


def test_an_old_release_that_is_kept_for_no_time_is_not_kept() -> None:
    plan = msgspec.structs.replace(PLAN, own_steps=PLAN.steps[-1:], keep_old_hours=0.0)
    assert course.completed(PRODUCT, begun(plan=plan), at=NOON + HOUR).kept == ()


def test_a_kept_release_that_comes_back_is_in_force_and_no_longer_kept() -> None:
    before = msgspec.structs.replace(last_step(), kept=(KeptRelease(release_id="two", until=NOON + 9 * HOUR),))
    live = course.completed(PRODUCT, before, at=NOON + 5 * HOUR)
    assert [one.release_id for one in live.kept] == ["one"]


def test_an_ended_rollout_leaves_the_control_alone_and_in_force() -> None:
    live = course.ended(PRODUCT, last_step(), at=NOON + 4 * HOUR)
    assert (live.release_id, live.rollout, live.kept) == ("one", None, ())


@pytest.mark.parametrize("move", [course.advanced, course.completed, course.ended])
def test_without_a_rollout_nothing_advances_completes_or_ends(move: type) -> None:
    with pytest.raises(RolloutStateError, match="no rollout is under way"):
        move(PRODUCT, LIVE, at=NOON)


def test_a_product_that_is_off_stays_off_through_a_whole_rollout() -> None:
    live = begun(course.switched_off(PRODUCT, LIVE, at=NOON, by="ann", reason="wrong scores"))
    for at in (1, 2):
        live = course.advanced(PRODUCT, live, at=NOON + at * HOUR)
    assert course.completed(PRODUCT, live, at=NOON + 3 * HOUR).off == OFF
    assert course.ended(PRODUCT, live, at=NOON + 3 * HOUR).off == OFF


def test_switching_off_and_on_leaves_the_rollout_in_its_step() -> None:
    off = course.switched_off(PRODUCT, begun(), at=NOON, by="ann", reason="wrong scores")
    on = course.switched_on(PRODUCT, off, at=NOON + HOUR)
    assert (off.off, on.off) == (OFF, None)
    assert on.rollout == off.rollout == begun().rollout


def test_what_is_off_cannot_be_switched_off_and_what_is_on_not_on() -> None:
    off = course.switched_off(PRODUCT, LIVE, at=NOON, by="ann", reason="wrong scores")
    with pytest.raises(RolloutStateError, match=r"off since 2026-03-01T12:00:00.* by ann: wrong scores"):
        course.switched_off(PRODUCT, off, at=NOON, by="bob", reason="me too")
    with pytest.raises(RolloutStateError, match="it is not switched off"):
        course.switched_on(PRODUCT, LIVE, at=NOON)


@pytest.mark.parametrize(("hours", "names"), [(0.9, ("old",)), (1.0, ())])
def test_a_kept_release_is_dropped_by_the_first_move_at_its_instant(hours: float, names: tuple[str, ...]) -> None:
    live = msgspec.structs.replace(LIVE, kept=(KeptRelease(release_id="old", until=NOON + HOUR),))
    moved = course.switched_off(PRODUCT, live, at=NOON + hours * HOUR, by="ann", reason="wrong scores")
    assert tuple(one.release_id for one in moved.kept) == names
