"""What the releases of a split do is counted, told to the other workers and held against the hard limits at once."""

import datetime as dt
import time
from collections.abc import Callable

import msgspec

from platform_assets.errors import NoRolloutError
from platform_assets.experiments.evidence import Evidence, Finding
from platform_assets.experiments.histogram import score_scale
from platform_assets.experiments.limits import hard_breaches
from platform_assets.rollouts.report import RolloutReport
from platform_assets.serving.releases import Releases
from platform_assets.serving.telemetry.metrics import Metrics, Role
from platform_assets.serving.traffic.board import Board, NoBoard, Told
from platform_assets.serving.traffic.choice import Choice
from platform_assets.serving.traffic.counts import StepCounts, StepTally
from platform_assets.serving.traffic.ending import GivenUp
from platform_assets.serving.traffic.outcome import Outcome
from platform_assets.serving.traffic.split import Candidate, Split
from platform_assets.serving.traffic.stop import Stop
from platform_assets.serving.traffic.trial_watch import TrialWatch

_SECOND = 1e-3  # of a millisecond


class Watch:
    """Counts the rollouts of one worker; used by one event loop."""

    def __init__(self, releases: Releases, metrics: Metrics, *, timer: Callable[[], float] = time.monotonic) -> None:
        """Start with nothing counted and nobody to tell."""
        self.releases = releases
        self.metrics = metrics
        self.stop = Stop(releases)
        self.trials = TrialWatch(releases)
        self._timer = timer
        self._board: Board[StepCounts] = NoBoard()
        self._before: Told = {}
        self._others: list[Told] = []
        self._tallies: dict[tuple[str, str], StepTally] = {}

    def share(self, board: Board[StepCounts]) -> None:
        """Be one worker of several, before anything is counted: go on where the one before in this place ended."""
        self._board, self._before = board, board.before()

    def count(self, split: Split, choice: Choice, outcome: Outcome) -> None:
        """Count an answer that somebody got."""
        self._observe(split, choice.role, outcome)
        self.trials.count(split, choice, outcome)
        candidate, assigned = split.candidate, choice.assigned
        if candidate is None or assigned is None or assigned.chosen == "override":
            return  # who chose the release by name says nothing about those who did not
        if assigned.experiment == candidate.rollout.rollout_id:
            tally = self._tally(split, candidate)
            if choice.role == "control":
                tally.count_control(outcome)
            else:
                tally.count_candidate(outcome)
                self._look_at(split, candidate, outcome)

    def count_copy(self, split: Split, candidate: Candidate, *, copy: Outcome, control: Outcome) -> None:
        """Count what the candidate and the control made of one request."""
        self._observe(split, "shadow", copy)
        tally = self._tally(split, candidate)
        tally.count_candidate(copy)
        tally.count_control(control)
        self._look_at(split, candidate, copy)

    def count_dropped(self, split: Split, candidate: Candidate) -> None:
        """Count a request that was not copied."""
        self.metrics.count_dropped_copy(split.control.product.name)
        self._tally(split, candidate).dropped += 1

    def beat(self) -> None:
        """Tell the other workers, hear them, and judge the sums; called about once a second."""
        self._take_events()
        rollouts = self._under_way()
        # Those of another step are dropped; a new one begins with what the worker before had told, before it is told.
        self._tallies = {_key(candidate): self._tally(split, candidate) for split, candidate in rollouts.values()}
        self._tell()
        self._others = self._board.others() if rollouts else []
        for split, candidate in rollouts.values():
            self._judge(split, candidate)
        self.trials.beat()

    def report(self, product: str) -> RolloutReport:
        """Return the figures of all workers of a rollout; raises UnknownProductError, NoRolloutError."""
        self.releases.current(product)
        split = self.releases.split(product)
        if split is None or split.candidate is None:
            raise NoRolloutError(product=product)
        self._tell()  # before the answer: whoever is asked next must not know less
        self._others = self._board.others()
        counts, rollout = self._counts(split, split.candidate), split.candidate.rollout
        return RolloutReport(
            product=product,
            rollout_id=rollout.rollout_id,
            release_id=rollout.release_id,
            step_name=rollout.step_name,
            told_at=self.releases.wall(),
            evidence=_evidence(split.candidate, counts),
            dropped_copies=counts.dropped,
        )

    def _under_way(self) -> dict[str, tuple[Split, Candidate]]:
        splits = {name: state.split for name, state in self.releases.states.items()}
        return {name: (each, each.candidate) for name, each in splits.items() if each and each.candidate}

    def _observe(self, split: Split, role: Role, outcome: Outcome) -> None:
        self.metrics.observe_role(
            split.control.product.name, role, is_failed=outcome.is_failed, seconds=outcome.latency_ms * _SECOND
        )

    def _tally(self, split: Split, candidate: Candidate) -> StepTally:
        """Return the tally of a step: the last answers of one come when the next has begun, and are none of its."""
        product, key = split.control.product, _key(candidate)
        tally = self._tallies.get(key)
        if tally is None:
            before = self._before.get(product.name)
            tally = StepTally(candidate.rollout, score_scale(product.score), before=before, timer=self._timer)
            self._tallies[key] = tally
        return tally

    def _look_at(self, split: Split, candidate: Candidate, outcome: Outcome) -> None:
        """Judge the candidate where this very answer may have broken a limit."""
        if outcome.is_failed or outcome.latency_ms > candidate.rollout.plan.hard.p99_ms:
            self._tally(split, candidate).note_bad(self.releases.wall())
            self._judge(split, candidate)
        elif self.releases.engine_events:
            self._take_events()
            self._judge(split, candidate)

    def _judge(self, split: Split, candidate: Candidate) -> None:
        counts = self._counts(split, candidate)
        evidence = _evidence(candidate, counts)
        breaches = hard_breaches(candidate.rollout.plan, evidence)
        if breaches:
            at = self.releases.wall()
            told = msgspec.to_builtins(evidence) | _first_bad(counts, at)
            given_up = GivenUp(_told(breaches), told, at)
            self.stop.now(split.control.product.name, candidate.rollout.rollout_id, given_up)

    def _counts(self, split: Split, candidate: Candidate) -> StepCounts:
        product = split.control.product.name
        told = (others[product] for others in self._others if product in others)
        return sum(told, self._tally(split, candidate).counts())

    def _tell(self) -> None:
        told = {name: self._tally(*each).counts() for name, each in self._under_way().items()}
        try:
            self._board.tell(told)
        except OSError:  # a full disk: this worker goes on judging what it has seen itself
            self.metrics.count_unwritten()

    def _take_events(self) -> None:
        """Count what happened to engines since the last time; it is noted from any thread."""
        events, rollouts = self.releases.engine_events, self._under_way()
        while events:
            product, release_id, event = events.popleft()
            self.metrics.count_engine_event(product=product, kind=event.kind)
            split, candidate = rollouts.get(product, (None, None))
            if split and candidate and candidate.rollout.release_id == release_id and event.kind == "out_of_memory":
                self._tally(split, candidate).out_of_memory += 1


def _key(candidate: Candidate) -> tuple[str, str]:
    return candidate.rollout.rollout_id, candidate.rollout.step_name


def _evidence(candidate: Candidate, counts: StepCounts) -> Evidence:
    return Evidence(
        rollout_since=candidate.rollout.since,
        step_since=candidate.rollout.step_since,
        candidate=counts.candidate,
        control=counts.control,
        recent=counts.recent,
        out_of_memory=counts.out_of_memory,
    )


def _told(breaches: tuple[Finding, ...]) -> str:
    return "; ".join(breach.told for breach in breaches)


def _first_bad(counts: StepCounts, at: dt.datetime) -> dict[str, str]:
    """Return when the harm began, for the evidence; never after the move, whatever a clock did in between."""
    return {} if counts.first_bad_at is None else {"first_bad_at": min(counts.first_bad_at, at).isoformat()}
