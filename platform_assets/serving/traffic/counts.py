"""What one worker has counted of one step of a rollout, and how it is added to what the others have."""

import datetime as dt
import time
from collections import deque
from collections.abc import Callable

import msgspec

from platform_assets.experiments.histogram import Scale
from platform_assets.experiments.summary import Summary, Tally
from platform_assets.inference.live_pointer import LiveRollout
from platform_assets.serving.traffic.outcome import Outcome

_SLOT_S, _SLOTS = 60.0, 5


class StepCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The sums of one step; those of several workers are added up. `recent` is the candidate's last five minutes.

    `first_bad_at` (UTC) is when the candidate first gave an answer that failed or took longer than its hard limit.
    """

    rollout_id: str
    step_name: str
    candidate: Summary = Summary()
    control: Summary = Summary()
    recent: Summary = Summary()
    out_of_memory: int = 0
    dropped: int = 0
    first_bad_at: dt.datetime | None = None

    def __add__(self, other: "StepCounts") -> "StepCounts":
        """Return the sums of both, as of this one's step; what was counted in another step says nothing about it."""
        if (self.rollout_id, self.step_name) != (other.rollout_id, other.step_name):
            return self
        return StepCounts(
            rollout_id=self.rollout_id,
            step_name=self.step_name,
            candidate=self.candidate + other.candidate,
            control=self.control + other.control,
            recent=self.recent + other.recent,
            out_of_memory=self.out_of_memory + other.out_of_memory,
            dropped=self.dropped + other.dropped,
            first_bad_at=_earlier(self.first_bad_at, other.first_bad_at),
        )


class StepTally:
    """Counts one step in one worker, cheap to add to."""

    def __init__(
        self,
        rollout: LiveRollout,
        scale: Scale,
        *,
        before: StepCounts | None = None,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start where the worker that this one replaces ended, if it counted the same step."""
        self.rollout = rollout
        self._scale = scale
        self._timer = timer
        self._before = StepCounts(rollout_id=rollout.rollout_id, step_name=rollout.step_name)
        if before is not None:
            self._before += msgspec.structs.replace(before, recent=Summary())
        self._candidate, self._control = Tally(scale), Tally(scale)
        self._recent: deque[tuple[int, Tally]] = deque(maxlen=_SLOTS)
        self.out_of_memory = self.dropped = 0
        self._first_bad_at: dt.datetime | None = None

    def count_candidate(self, outcome: Outcome) -> None:
        """Count an answer of the candidate, or a copy that it scored."""
        _count(self._candidate, outcome)
        _count(self._latest(), outcome)

    def count_control(self, outcome: Outcome) -> None:
        """Count an answer of the control."""
        _count(self._control, outcome)

    def note_bad(self, at: dt.datetime) -> None:
        """Remember when the candidate gave a bad answer; the first one counts, also when a clock is set back."""
        self._first_bad_at = self._first_bad_at or at

    def counts(self) -> StepCounts:
        """Return the sums so far; later answers do not change them."""
        return self._before + StepCounts(
            rollout_id=self.rollout.rollout_id,
            step_name=self.rollout.step_name,
            candidate=self._candidate.summary(),
            control=self._control.summary(),
            recent=self._recent_summary(),
            out_of_memory=self.out_of_memory,
            dropped=self.dropped,
            first_bad_at=self._first_bad_at,
        )

    def _slot(self) -> int:
        return int(self._timer() // _SLOT_S)

    def _latest(self) -> Tally:
        slot = self._slot()
        if not self._recent or self._recent[-1][0] != slot:
            self._recent.append((slot, Tally(self._scale)))
        return self._recent[-1][1]

    def _recent_summary(self) -> Summary:
        oldest = self._slot() - _SLOTS
        return sum((tally.summary() for slot, tally in self._recent if slot > oldest), Summary())


def _count(tally: Tally, outcome: Outcome) -> None:
    tally.count_answer(outcome.latency_ms, failed=outcome.is_failed)
    for score in outcome.scores:
        tally.count_score(score)


def _earlier(one: dt.datetime | None, other: dt.datetime | None) -> dt.datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)
