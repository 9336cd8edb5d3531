"""The live pointer under every interleaving of moves, kills and failing disks: the old state or the new one, no third.

`PLATFORM_FAULT_TRIALS` raises the number of runs, `PLATFORM_FAULT_SEED` repeats them; `make faults` is a long one.
"""

import datetime as dt
import os
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from platform_assets.errors import NoReleaseError
from platform_assets.inference.release import read_release, write_release
from tests.faults.interrupted_writes import POINTS_OF_A_MOVE, full_disk, interrupted, killed_at
from tests.faults.pointer_model import KINDS, PLANS, Expected, Kind, Order
from tests.faults.pointer_orders import OnDisk, is_one_winner
from tests.unit.rollouts.pointer_samples import NOON, PRODUCT, release_of

TRIALS = int(os.environ.get("PLATFORM_FAULT_TRIALS", "12"))
SEED = int(os.environ.get("PLATFORM_FAULT_SEED", "20111209"))
STEPS = 40
RELEASES = [release_of(number).release_id for number in range(1, 6)]

BEFORE: dict[Kind, tuple[Kind, ...]] = {
    "advance": ("begin",),
    "complete": ("begin", "advance"),
    "end": ("begin",),
    "switch_on": ("switch_off",),
}

orders = st.builds(
    Order,
    kind=st.sampled_from((*KINDS, "complete", "roll_back")),
    release=st.sampled_from(RELEASES),
    plan=st.sampled_from(PLANS),
    by=st.just(""),
    late=st.sampled_from((False, False, False, True)),
)
points = st.integers(1, POINTS_OF_A_MOVE)


class PointerMachine(RuleBasedStateMachine):
    """Gives orders to the platform and to the model, in peace and with accidents, and compares after each."""

    def __init__(self) -> None:
        """Begin with two stored releases and none in force."""
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.disk = OnDisk(self.directory)
        self.expected = Expected()
        self.stored: set[str] = set()
        self.now, self.people = NOON, 0
        for number in (1, 2):
            self.publish(number)

    def teardown(self) -> None:
        shutil.rmtree(self.directory)

    @rule(hours=st.sampled_from((-2.0, 0.5, 6.0, 25.0)))
    def wait(self, hours: float) -> None:
        """Let time pass, or the clock be set back: what is kept expires by the moves, not by itself."""
        self.now += dt.timedelta(hours=hours)

    @rule(number=st.integers(1, 5))
    def publish(self, number: int) -> None:
        write_release(self.directory, release_of(number), fsync=True)
        self.stored.add(RELEASES[number - 1])

    @rule(number=st.integers(1, 5), point=st.integers(1, 4))
    def publish_killed(self, number: int, point: int) -> None:
        killed_at(point, lambda: write_release(self.directory, release_of(number), fsync=True))
        try:
            read_release(self.directory, PRODUCT, RELEASES[number - 1])  # whole, or not there
        except NoReleaseError:
            assert RELEASES[number - 1] not in self.stored
        else:
            self.stored.add(RELEASES[number - 1])

    @rule(order=orders)
    def move(self, order: Order) -> None:
        """Carry an order out; whoever reads in the middle of it sees the old or the new state."""
        order = self._named(order)
        before, after = self.expected, self._expect(order)
        with interrupted(0, lambda: None, look=lambda: self._is_one_of(before, after)):
            self._carried_out(order)

    @rule(order=orders, point=points)
    def move_on_a_full_disk(self, order: Order, point: int) -> None:
        order = self._named(order)
        before, after = self.expected, self._expect(order)
        try:
            with interrupted(point, full_disk):
                self.disk.refusal(order, self.now)
        except OSError:
            self._is_one_of(before, after)
        self._adopt(before, after)

    @rule(order=orders, point=points, rival=orders)
    def move_killed_beside_a_rival(self, order: Order, point: int, rival: Order) -> None:
        """Kill a mover while another one waits for its lock: the other one goes on from what is in force then."""
        order, rival = self._named(order), self._named(rival)
        before, after = self.expected, self._expect(order)

        def meanwhile() -> None:
            self._adopt(before, after)
            self._carried_out(rival)

        if not killed_at(point, lambda: self.disk.carry_out(order, self.now), meanwhile):
            self.expected = after

    @rule(first=orders, second=orders)
    def move_at_the_same_time(self, first: Order, second: Order) -> None:
        both = self._named(first), self._named(second)
        before, ends = self.expected, [self._expect(order) for order in both]
        if before in ends:  # one of them is refused whatever the other does
            for order in both:
                self._carried_out(order)
            return
        assert is_one_winner(self.disk.race(both, self.now))
        self._adopt(*ends)

    @invariant()
    def the_disk_says_what_the_model_says(self) -> None:
        assert self.disk.state() == self.expected

    def _named(self, order: Order) -> Order:
        """Give each order a name of its own, so that a move that never came into force is told from all others."""
        self.people += 1
        return self._sensible(order)._replace(by=f"person {self.people}")

    def _sensible(self, order: Order) -> Order:
        """Return an order that is carried out at present, the next one of another kind if need be; a late one stays."""
        start = KINDS.index(order.kind)
        others = (order._replace(kind=kind) for kind in (*KINDS[start:], *KINDS[:start]))
        possible = (one for one in others if isinstance(self.expected.after(one, self.now, self.stored), Expected))
        return order if order.late else next(possible, order)

    def _expect(self, order: Order) -> Expected:
        after = self.expected.after(order, self.now, self.stored)
        return after if isinstance(after, Expected) else self.expected

    def _carried_out(self, order: Order) -> None:
        after = self.expected.after(order, self.now, self.stored)
        refusal = self.disk.refusal(order, self.now)
        assert refusal == (None if isinstance(after, Expected) else after)
        self.expected = after if isinstance(after, Expected) else self.expected

    def _is_one_of(self, *allowed: Expected) -> None:
        assert self.disk.state() in allowed

    def _adopt(self, *allowed: Expected) -> None:
        self._is_one_of(*allowed)
        self.expected = self.disk.state()


def test_moves_kills_full_disks_and_rivals_leave_the_old_state_or_the_new_one() -> None:
    sys.stdout.write(f"seed {SEED}, {TRIALS} runs of up to {STEPS} steps\n")
    machine: Any = seed(SEED)(PointerMachine)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=TRIALS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )


def ready_for(kind: Kind, disk: OnDisk) -> Order:
    """Bring a product to where an order of this kind is carried out, and return it."""
    for number in (1, 2):
        write_release(disk.releases_dir, release_of(number), fsync=False)
    disk.carry_out(Order("roll_back", RELEASES[0], PLANS[1], "somebody"), NOON)
    for one in BEFORE.get(kind, ()):
        disk.carry_out(Order(one, RELEASES[1], PLANS[1], "somebody"), NOON)
    return Order(kind, RELEASES[1], PLANS[1], "the victim")


@pytest.mark.parametrize("kind", KINDS)
def test_a_move_killed_at_every_point_is_in_force_only_once_its_pointer_is(tmp_path: Path, kind: Kind) -> None:
    seen = []
    for point in range(1, POINTS_OF_A_MOVE + 2):
        disk = OnDisk(tmp_path / str(point))
        order = ready_for(kind, disk)
        before = disk.state()
        was_killed = killed_at(point, partial(disk.carry_out, order, NOON))
        after = disk.state()
        assert after in (before, before.after(order, NOON, set(RELEASES)))
        assert after.told[:-1] == before.told or after == before
        seen.append((was_killed, after != before))
        if after == before:  # the next one moves from there, and the killed one is never told
            disk.carry_out(order._replace(by="the next one"), NOON)
            assert disk.state().told[-1][1] == "the next one"
    # All but the last fsync come before the rename that decides; after the last point nothing is left to kill.
    assert seen == [(True, False)] * (POINTS_OF_A_MOVE - 1) + [(True, True), (False, True)]
