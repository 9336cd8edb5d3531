"""What the variants of running experiments do is counted, told to the other workers, and ends them where it harms."""

import asyncio
import logging
from pathlib import Path

import msgspec

from platform_assets.contract.product import Product
from platform_assets.contract.rollout import RolloutPlan
from platform_assets.errors import NoExperimentError
from platform_assets.experiments.histogram import score_scale
from platform_assets.experiments.summary import Summary
from platform_assets.rollouts.experiments_course import ExperimentRecord, pause
from platform_assets.rollouts.experiments_report import ExperimentFigures, figures_of
from platform_assets.serving.releases import Releases
from platform_assets.serving.traffic.board import Board, FileBoard, NoBoard
from platform_assets.serving.traffic.choice import Choice
from platform_assets.serving.traffic.ending import GivenUp
from platform_assets.serving.traffic.outcome import Outcome
from platform_assets.serving.traffic.split import Split
from platform_assets.serving.traffic.trial_counts import TrialCounts, TrialTally
from platform_assets.serving.traffic.trial_harm import breach_told, harm_told

LOG = logging.getLogger("platform.serving.traffic")
Told = dict[str, TrialCounts]  # by product


class TrialBoard(FileBoard[TrialCounts]):
    """The board of experiments."""

    def __init__(self, directory: Path, name: str) -> None:
        """Take the directory that all share and the name of this worker."""
        super().__init__(directory, name, suffix=".experiments", kind=TrialCounts)


class TrialWatch:
    """Counts the experiments of one worker; used by one event loop."""

    def __init__(self, releases: Releases) -> None:
        """Start with nothing counted and nobody to tell."""
        self._releases = releases
        self._board: Board[TrialCounts] = NoBoard()
        self._before: Told = {}
        self._others: list[Told] = []
        self._tallies: dict[tuple[str, str], TrialTally] = {}
        self._ending: set[asyncio.Task[None]] = set()  # the loop itself keeps tasks by weak references only

    def share(self, board: Board[TrialCounts]) -> None:
        """Be one worker of several: go on where the worker that this one replaces ended."""
        self._board, self._before = board, board.before()

    def count(self, split: Split, choice: Choice, outcome: Outcome) -> None:
        """Count an answer of a variant; who chose it by name says nothing about those who did not."""
        trial, assigned = split.trial, choice.assigned
        if trial is None or assigned is None or assigned.chosen == "override":
            return
        product, record = split.control.product, trial.record
        self._tally(product, record).count(assigned.variant, outcome)
        if choice.role == "control":
            return
        plan = _plan(product)
        if outcome.is_failed or outcome.latency_ms > plan.hard.p99_ms:
            seen = self._seen(product, record)
            self._end_for(product, record, breach_told(record, plan, assigned.variant, seen), seen)

    def beat(self) -> None:
        """Tell the other workers, hear them, and judge the sums; called about once a second."""
        running = {
            name: (state.split.control.product, state.split.trial.record)
            for name, state in self._releases.states.items()
            if state.split is not None and state.split.trial is not None
        }
        self._tallies = {_key(*each): self._tally(*each) for each in self._stored().values()}
        if running:
            self._exchange()
        for product, record in running.values():
            seen = self._seen(product, record)
            self._end_for(product, record, harm_told(record, _plan(product), seen), seen)

    def report(self, product: str) -> ExperimentFigures:
        """Return the figures of all workers; raises UnknownProductError, NoReleaseError, NoExperimentError."""
        declared = self._releases.current(product).product
        state = self._releases.states[product]
        if state.experiment is None:
            raise NoExperimentError(product=product)
        self._exchange()  # before the answer: whoever is asked next must not know less
        paused = pause(state.experiment.experiment, state.pointer)
        if paused is None and (state.split is None or state.split.trial is None):
            paused = "this endpoint has ended it, or cannot load its control"
        seen = self._seen(declared, state.experiment)
        return figures_of(state.experiment, seen, paused=paused, at=self._releases.wall())

    async def finish(self) -> None:
        """Wait until every end that was begun has reached the disk."""
        if self._ending:
            await asyncio.wait(self._ending)

    def _stored(self) -> dict[str, tuple[Product, ExperimentRecord]]:
        """Return the experiments that run, if only paused: their counts go on when the pause is over."""
        states = self._releases.states.items()
        return {name: (each.live.product, each.experiment) for name, each in states if each.live and each.experiment}

    def _tally(self, product: Product, record: ExperimentRecord) -> TrialTally:
        """Return the tally of an experiment; the last answers of one may come when the next is running."""
        key = _key(product, record)
        tally = self._tallies.get(key)
        if tally is None:
            before = self._before.get(product.name)
            tally = self._tallies[key] = TrialTally(record.experiment.id, score_scale(product.score), before=before)
        return tally

    def _seen(self, product: Product, record: ExperimentRecord) -> dict[str, Summary]:
        told = (others[product.name] for others in self._others if product.name in others)
        return sum(told, self._tally(product, record).counts()).variants

    def _exchange(self) -> None:
        told = {name: self._tally(*each).counts() for name, each in self._stored().items()}
        try:
            self._board.tell(told)
        except OSError as error:  # a full disk: this worker goes on judging what it has seen itself
            LOG.warning("the counts of experiments cannot be written: %s", error)
        self._others = self._board.others()

    def _end_for(self, product: Product, record: ExperimentRecord, harm: str | None, seen: dict[str, Summary]) -> None:
        """Send everybody to the control from the next call on where harm is shown; then tell the disk, in a thread."""
        if harm is None:
            return
        given_up = GivenUp(harm, msgspec.to_builtins(seen), self._releases.wall())
        if self._releases.give_up_trial(product.name, record, given_up):
            LOG.error("experiment %s of %s stops at once: %s", record.experiment.id, product.name, harm)
            task = asyncio.get_running_loop().create_task(self._end(product.name, record))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def _end(self, product: str, record: ExperimentRecord) -> None:
        await asyncio.to_thread(self._releases.trials.end, record)
        await self._releases.refresh(only=product)


def _key(product: Product, record: ExperimentRecord) -> tuple[str, str]:
    return product.name, record.experiment.id


def _plan(product: Product) -> RolloutPlan:
    return product.online.rollout if product.online else RolloutPlan()
