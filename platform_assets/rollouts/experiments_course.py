"""The life of an experiment as pure functions from one record to the next; none of them touches a disk."""

import datetime as dt
from typing import Any, Literal

import msgspec

from platform_assets.contract.experiments import Experiment
from platform_assets.errors import ExperimentStateError
from platform_assets.inference.live_pointer import LivePointer
from platform_assets.rollouts.moves import Word

ExperimentState = Literal["draft", "running", "stopped"]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment came into a state: when (UTC), on whose word, why, and on which evidence (plain data)."""

    state: ExperimentState
    at: dt.datetime
    by: str
    reason: str
    evidence: dict[str, Any] = {}


class ExperimentRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An experiment with everything that happened to it, the newest change last; its variants name release ids."""

    experiment: Experiment
    changes: tuple[Change, ...]

    @property
    def sequence(self) -> int:
        """How many changes there were: what a writer compares before it sets."""
        return len(self.changes)

    @property
    def state(self) -> ExperimentState:
        """Where it is in its life: draft, running, stopped; nothing comes after stopped."""
        return self.changes[-1].state

    @property
    def started_at(self) -> dt.datetime | None:
        """When it began to assign; None for a draft."""
        return self._reached("running")

    @property
    def stopped_at(self) -> dt.datetime | None:
        """When it ended; None before that."""
        return self._reached("stopped")

    def _reached(self, state: ExperimentState) -> dt.datetime | None:
        return next((change.at for change in self.changes if change.state == state), None)


def drafted(experiment: Experiment, word: Word) -> ExperimentRecord:
    """Return the record of a new experiment."""
    return ExperimentRecord(experiment=experiment, changes=(_change("draft", word),))


def started(record: ExperimentRecord, live: LivePointer, word: Word) -> ExperimentRecord:
    """Return the record of a draft that assigns from now on; raises ExperimentStateError when it could not."""
    if record.state != "draft":
        raise _refused(record, f"it is {record.state}; only a draft can start, create another one")
    if (problem := pause(record.experiment, live)) is not None:
        raise _refused(record, problem)
    return _with(record, "running", word)


def stopped(record: ExperimentRecord, word: Word) -> ExperimentRecord:
    """Return the record of an experiment that is over; raises ExperimentStateError when it was before."""
    if record.state == "stopped":
        last = record.changes[-1]
        raise _refused(record, f"{last.by} stopped it at {last.at.isoformat(timespec='seconds')}: {last.reason}")
    return _with(record, "stopped", word)


def pause(experiment: Experiment, live: LivePointer | None) -> str | None:
    """Return why an experiment assigns nobody as the live pointer is, or None when nothing stands in its way.

    A rollout, a switch and a move to another release come before any experiment: while one of them holds, whatever the
    pointer says answers everybody.
    """
    if live is None:
        return "nothing is released"
    if live.off is not None:
        return f"the product is switched off by {live.off.by}: {live.off.reason}"
    if live.rollout is not None:
        return f"release {live.rollout.release_id} is on its way in a rollout, and only one of both can split traffic"
    if live.release_id != experiment.control.release:
        return f"release {live.release_id} is in force, and the control is {experiment.control.release}"
    return None


def _with(record: ExperimentRecord, state: ExperimentState, word: Word) -> ExperimentRecord:
    return msgspec.structs.replace(record, changes=(*record.changes, _change(state, word)))


def _change(state: ExperimentState, word: Word) -> Change:
    return Change(state=state, at=word.at, by=word.by, reason=word.reason, evidence=dict(word.evidence))


def _refused(record: ExperimentRecord, problem: str) -> ExperimentStateError:
    told = record.experiment
    return ExperimentStateError(product=told.product, experiment=told.id, problem=problem)
