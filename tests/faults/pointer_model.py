"""What the live pointer of a product should be: a plain model of its moves, with no file and no second process."""

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, get_args

from platform_assets.contract.rollout import RolloutPlan, Step
from platform_assets.errors import AlreadyInForceError, NoReleaseError, PlatformError, RolloutStateError
from platform_assets.inference.live_pointer import LivePointer

Kind = Literal["begin", "advance", "complete", "end", "roll_back", "switch_off", "switch_on"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Refusal = type[PlatformError]

PLANS = (
    RolloutPlan(
        own_steps=(
            Step(name="shadow", share=0.0, hours=1.0),
            Step(name="half", share=0.5, hours=1.0),
            Step(name="all", share=1.0, hours=0.0),
        ),
        keep_old_hours=24.0,
    ),
    RolloutPlan(strategy="blue_green", keep_old_hours=0.0),
    RolloutPlan(strategy="instant", keep_old_hours=5.0),
)


class Order(NamedTuple):
    """One thing that somebody wants to move; one that is `late` speaks of a step or rollout that is over."""

    kind: Kind
    release: str
    plan: RolloutPlan
    by: str
    late: bool = False


class Trial(NamedTuple):
    """A rollout under way: its name, the candidate, and how many steps of its plan are over."""

    rollout_id: str
    release: str
    plan: RolloutPlan
    position: int

    @property
    def is_last(self) -> bool:
        return self.position == len(self.plan.steps) - 1


@dataclass(frozen=True)
class Expected:
    """What is in force, on trial, kept (with its instant) and off, and on whose word every move came: oldest first."""

    release: str | None = None
    trial: Trial | None = None
    kept: dict[str, dt.datetime] = field(default_factory=dict)
    off_by: str | None = None
    told: tuple[tuple[str, str], ...] = ()

    @property
    def sequence(self) -> int:
        return len(self.told)

    def after(self, order: Order, at: dt.datetime, stored: set[str]) -> "Expected | Refusal":
        """Return what is expected once an order was carried out, or how it is refused."""
        if order.kind == "roll_back":
            return self._rolled_back(order, at) if order.release in stored else NoReleaseError
        if self.release is None:
            return NoReleaseError
        if order.kind == "begin":
            return self._begun(order, at, stored)
        if order.kind in {"switch_off", "switch_on"}:
            return self._switched(order, at)
        return self._stepped(order, at)

    def _begun(self, order: Order, at: dt.datetime, stored: set[str]) -> "Expected | Refusal":
        if self.trial is not None:
            return RolloutStateError
        if order.release == self.release:
            return AlreadyInForceError
        if order.release not in stored:
            return NoReleaseError
        trial = Trial(f"churn-{order.release}-{self.sequence + 1}", order.release, order.plan, 0)
        if trial.is_last:
            return replace(self, trial=trial).completed(order, at)
        return self.moved("rollout_begun", order, at, trial=trial)

    def _stepped(self, order: Order, at: dt.datetime) -> "Expected | Refusal":
        if self.trial is None or order.late:
            return RolloutStateError
        if order.kind == "end":
            return self.moved("rollout_ended", order, at, trial=None)
        if self.trial.is_last != (order.kind == "complete"):
            return RolloutStateError
        if order.kind == "complete":
            return self.completed(order, at)
        further = self.trial._replace(position=self.trial.position + 1)
        return self.moved("rollout_advanced", order, at, trial=further)

    def completed(self, order: Order, at: dt.datetime) -> "Expected":
        """Return the state with the candidate in force and the release before it kept."""
        assert self.trial is not None
        assert self.release is not None
        until = at + dt.timedelta(hours=self.trial.plan.keep_old_hours)
        kept = {name: end for name, end in self.kept.items() if name != self.trial.release} | {self.release: until}
        done = replace(self, kept=kept, release=self.trial.release)
        return done.moved("rollout_completed", order, at, trial=None)

    def _rolled_back(self, order: Order, at: dt.datetime) -> "Expected":
        kept = {name: end for name, end in self.kept.items() if name != order.release}
        return replace(self, release=order.release, kept=kept).moved("moved", order, at, trial=None)

    def _switched(self, order: Order, at: dt.datetime) -> "Expected | Refusal":
        wants_off = order.kind == "switch_off"
        if wants_off == (self.off_by is not None):
            return RolloutStateError
        off_by, told = (order.by, "switched_off") if wants_off else (None, "switched_on")
        return replace(self, off_by=off_by).moved(told, order, at, trial=self.trial)

    def moved(self, told: str, order: Order, at: dt.datetime, *, trial: Trial | None) -> "Expected":
        """Return the state with one more move that was told; what is kept until now is kept no longer."""
        kept = {name: end for name, end in self.kept.items() if end > at}
        return replace(self, trial=trial, kept=kept, told=(*self.told, (told, order.by)))


def told_by(live: LivePointer | None, told: tuple[tuple[str, str], ...]) -> Expected:
    """Return what a pointer and the causes of its kept moves say, in the model's words."""
    if live is None:
        return Expected(told=told)
    trial = None
    if live.rollout is not None:
        position = live.rollout.plan.position(live.rollout.step)
        trial = Trial(live.rollout.rollout_id, live.rollout.release_id, live.rollout.plan, position)
    return Expected(
        release=live.release_id,
        trial=trial,
        kept={one.release_id: one.until for one in live.kept},
        off_by=live.off.by if live.off else None,
        told=told,
    )
