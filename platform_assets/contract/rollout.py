"""How a new release reaches everyone: steps of traffic, the gates between them and the limits that end it at once."""

from typing import Annotated, Literal

import msgspec

from platform_assets.contract.assignment import Unit

Strategy = Literal["canary", "blue_green", "instant"]
StepName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,40}$")]

_Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
_Rate = Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)]
_Positive = Annotated[float, msgspec.Meta(gt=0.0)]
_Hours = Annotated[float, msgspec.Meta(ge=0.0)]
_AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A share of the traffic in [0, 1] that the new release answers, for at least `hours`.

    At a share of 0 it is shadowed: it scores copies of what the control answers, and nobody sees its answers.
    """

    name: StepName
    share: _Share
    hours: _Hours


class Gates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the new release has to show in a step, by its own traffic, before it gets more.

    Nothing is judged on fewer than `min_answers` answers or `min_labels` labels. Drift is the largest difference
    between the distribution functions of both releases' scores, in [0, 1]. Accuracy is judged where labels exist. All
    gates of a step together refuse a good release with a probability of at most `alpha`, however often they are looked
    at.
    """

    min_answers: _AtLeastOne = 1000
    max_error_rate: _Rate = 0.01
    max_error_ratio: _Positive = 2.0
    p99_ms: _Positive = 100.0
    max_score_drift: _Rate = 0.1
    min_labels: _AtLeastOne = 200
    min_accuracy: _Rate | None = None
    max_accuracy_drop: _Rate = 0.02
    alpha: _Rate = 0.05


class HardLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ends a rollout at once.

    An error rate above the limit counts when it is observed over `min_answers` answers, or over fewer of which it is
    shown that the gate's limit is broken. A p99 counts when it is shown, over `min_timed` answers at least: slow
    answers come in clusters, above all at the start. `alpha` is the largest probability of such a proof for a release
    that keeps the gate's error rate and this p99.
    """

    min_answers: _AtLeastOne = 1000
    min_timed: _AtLeastOne = 100
    max_error_rate: _Rate = 0.02
    p99_ms: _Positive = 200.0
    alpha: _Rate = 0.001


CANARY = (
    Step(name="shadow", share=0.0, hours=1.0),
    Step(name="canary", share=0.05, hours=1.0),
    Step(name="fifth", share=0.20, hours=4.0),
    Step(name="half", share=0.50, hours=12.0),
    Step(name="all", share=1.0, hours=0.0),
)
BLUE_GREEN = (Step(name="shadow", share=0.0, hours=1.0), Step(name="all", share=1.0, hours=0.0))
INSTANT = (Step(name="all", share=1.0, hours=0.0),)
_STEPS: dict[Strategy, tuple[Step, ...]] = {"canary": CANARY, "blue_green": BLUE_GREEN, "instant": INSTANT}


class RolloutPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The way of a product's new releases to all of the traffic; without `own_steps` they are those of the strategy.

    A rollout that has not arrived after `within_hours` is told as overdue; it neither goes on nor back for that. The
    old release stays loaded for `keep_old_hours` after its last answer. A `unit` meets the same release in all of a
    step, and whoever met the candidate keeps it in the steps that follow.
    """

    strategy: Strategy = "canary"
    unit: Unit = "entity"
    own_steps: tuple[Step, ...] = ()
    gates: Gates = Gates()
    hard: HardLimits = HardLimits()
    within_hours: _Positive = 24.0
    keep_old_hours: _Hours = 168.0

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps in order; the last one is all of the traffic."""
        return self.own_steps or _STEPS[self.strategy]

    def position(self, step: Step) -> int:
        """Return the place of a step of this plan, from 0; raises ValueError for any other."""
        return self.steps.index(step)

    def after(self, step: Step) -> Step | None:
        """Return the next step, or None after the last."""
        following = self.steps[self.position(step) + 1 :]
        return following[0] if following else None
