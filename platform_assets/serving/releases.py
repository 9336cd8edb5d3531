"""Which releases answer: follows the live pointers, swaps between requests, keeps the old one when a new one fails."""

import asyncio
import datetime as dt
import errno
import functools
import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from platform_assets.clock import wall_now
from platform_assets.errors import ModelUnusableError, NoReleaseError, PlatformError, UnknownProductError
from platform_assets.inference.engine_events import EngineEvent, log_engine_event
from platform_assets.inference.live_pointer import LivePointer, read_live, without_refused
from platform_assets.rollouts.experiments_course import ExperimentRecord
from platform_assets.rollouts.moves import Pointers
from platform_assets.serving.health import State
from platform_assets.serving.live_release import LiveRelease, load_release
from platform_assets.serving.traffic.ending import GivenUp, end_rollout
from platform_assets.serving.traffic.loading import Obtain, is_outdated, load_split
from platform_assets.serving.traffic.split import Split
from platform_assets.serving.traffic.trials import Trials

_MOST_EVENTS = 1000


@dataclass(frozen=True, slots=True)
class ProductState:
    """What the endpoint serves of a product, next to the pointer it saw last and why that one is not served.

    `pointer` is None while the pointer itself cannot be read. `split` is None where `live` answers everything.
    `experiment` is the running one that was seen with the pointer, also while the pointer pauses it.
    """

    pointer: LivePointer | None
    live: LiveRelease | None
    error: PlatformError | None = None
    split: Split | None = None
    experiment: ExperimentRecord | None = None

    @property
    def state(self) -> State:
        """Say in one word whether the pointer's release answers, the one before it, or none."""
        if self.error is not None:
            return "failed" if self.live is None else "serving_previous"
        return "serving" if self.live is not None else "batch_only"

    @property
    def lives(self) -> dict[str, LiveRelease]:
        """Every loaded release by its id."""
        alone = {} if self.live is None else {self.live.release.release_id: self.live}
        return alone if self.split is None else self.split.lives | alone


class Releases:
    """Holds the releases of each product. Readers see a whole mapping: it is replaced, never changed."""

    def __init__(
        self,
        *,
        home: Path,
        releases_dir: Path,
        fsync: bool = True,
        wall: Callable[[], dt.datetime] = wall_now,
    ) -> None:
        """Start empty; `refresh` loads. `engine_events` gathers what happens to engines until somebody counts it.

        Each event comes with its product and the id of the release.
        """
        self._home = home
        self.pointers = Pointers(releases_dir=releases_dir, fsync=fsync)
        self.wall = wall
        self.trials = Trials(self.pointers, wall)
        self._states: Mapping[str, ProductState] = MappingProxyType({})
        self._given_up: dict[str, GivenUp] = {}
        self._refreshing = asyncio.Lock()
        self.engine_events: deque[tuple[str, str, EngineEvent]] = deque(maxlen=_MOST_EVENTS)

    @property
    def states(self) -> Mapping[str, ProductState]:
        """The state of every product with a live pointer, sorted by name."""
        return self._states

    def current(self, product: str) -> LiveRelease:
        """Return the release in force; hold on to it for the whole request.

        Raises UnknownProductError, or NoReleaseError for a product whose only release failed.
        """
        state = self._states.get(product)
        if state is None or state.state == "batch_only":
            known = ", ".join(name for name, each in self._states.items() if each.state != "batch_only")
            raise UnknownProductError(product=product, known=known)
        if state.live is None:
            raise NoReleaseError(product=product)
        return state.live

    def split(self, product: str) -> Split | None:
        """Return who may answer besides the release in force; None where nobody may."""
        state = self._states.get(product)
        return None if state is None else state.split

    def give_up(self, product: str, rollout_id: str, given_up: GivenUp) -> bool:
        """Take a candidate out of the traffic from the next call on; False when that was done before.

        It holds in this process whatever the pointer says; every look tries to make the pointer say the same.
        """
        is_news = rollout_id not in self._given_up
        self._given_up.setdefault(rollout_id, given_up)
        state = self._states.get(product)
        if state is not None and _rollout_of(state.split) == rollout_id:
            self._states = MappingProxyType({**self._states, product: _without_candidate(state)})
        return is_news

    def give_up_trial(self, product: str, record: ExperimentRecord, given_up: GivenUp) -> bool:
        """Take an experiment out of the traffic from the next call on; False when that was done before."""
        is_news = self.trials.give_up(record, given_up)
        state = self._states.get(product)
        if state is not None and self._has_given_up_trial(state):
            self._states = MappingProxyType({**self._states, product: _without_trial(state)})
        return is_news

    def _has_given_up_trial(self, state: ProductState) -> bool:
        trial = state.split.trial if state.split is not None else None
        return trial is not None and self.trials.is_given_up(trial.record)

    async def refresh(self, *, only: str | None = None, again: bool = False) -> None:
        """Load what the pointers name and swap it in. With `again`, a release that failed is tried once more.

        Loading runs in a thread, so requests go on; a failure is kept in the state and raises nothing.
        """
        async with self._refreshing:
            states = await asyncio.to_thread(self._look, only=only, again=again)
            for product, state in states.items():
                if _rollout_of(state.split) in self._given_up:  # while the look was under way
                    states[product] = _without_candidate(state)
                if self._has_given_up_trial(state):
                    states[product] = _without_trial(state)
            self._states = MappingProxyType(dict(sorted(states.items())))

    def _look(self, *, only: str | None, again: bool) -> dict[str, ProductState]:
        states = dict(self._states)
        for product in self._released_products():
            if only in {None, product}:
                self._look_at(product, states, again=again)
        return states

    def _released_products(self) -> list[str]:
        try:
            return sorted(path.name for path in self.pointers.releases_dir.iterdir() if path.is_dir())
        except OSError:  # nothing was released yet, or the directory cannot be read now: the next look will tell
            return []

    def _look_at(self, product: str, states: dict[str, ProductState], *, again: bool) -> None:
        before = states.get(product)
        try:
            pointer = read_live(self.pointers.releases_dir, product)
        except (PlatformError, OSError) as error:  # an unreadable pointer: what was served goes on
            previous = before or ProductState(None, None)
            states[product] = replace(previous, pointer=None, error=_as_ours(product, error))
            return
        if pointer is None:
            return
        pointer = without_refused(self.pointers.releases_dir, product, pointer)
        pointer, experiment = self._without_given_up(product, pointer), self.trials.running(product)
        if before is None or experiment != before.experiment or self._is_due(before, pointer, again=again):
            before = before or ProductState(None, None)
            # Control and kept releases are variants of an experiment, too: within a look each is loaded once.
            obtain = functools.cache(functools.partial(self._obtain, product, pointer.sequence, before.lives))
            state = self._load(product, pointer, before, obtain)
            states[product] = self._with_trial(replace(state, experiment=experiment), pointer, obtain)

    def _is_due(self, before: ProductState, pointer: LivePointer, *, again: bool) -> bool:
        is_moved = pointer != before.pointer
        return is_moved or (again and before.error is not None) or is_outdated(before.split, self.wall())

    def _load(self, product: str, pointer: LivePointer, before: ProductState, obtain: Obtain) -> ProductState:
        try:
            live = obtain(pointer.release_id)
        except (PlatformError, OSError) as error:  # a file that vanished or may not be read is an OSError
            split = Split(control=before.live, off=pointer.off) if before.live and pointer.off else None
            return ProductState(pointer, before.live, _as_ours(product, error), split)
        if live is None:
            return ProductState(pointer, None)
        return self._with_split(product, pointer, live, obtain)

    def _with_split(self, product: str, pointer: LivePointer, live: LiveRelease, obtain: Obtain) -> ProductState:
        load = functools.partial(load_split, control=live, obtain=obtain, at=self.wall())
        is_open = pointer.rollout is not None and pointer.rollout.rollout_id not in self._given_up
        try:
            return ProductState(pointer, live, None, load(pointer, with_candidate=is_open))
        except (PlatformError, OSError) as error:
            reason = f"the endpoint cannot load it: {error}"
        if pointer.rollout is not None:
            self._given_up[pointer.rollout.rollout_id] = GivenUp(reason, {}, self.wall())
        pointer = self._without_given_up(product, pointer)
        live = replace(live, sequence=pointer.sequence)  # who waits for a move reads there that it has arrived
        return ProductState(pointer, live, None, load(pointer, control=live, with_candidate=False))

    def _with_trial(self, state: ProductState, pointer: LivePointer, obtain: Obtain) -> ProductState:
        """Return the state with its experiment between releases, where its control answers and nothing pauses it."""
        if state.live is None or state.error is not None:
            return state
        trial = self.trials.load(state.experiment, state.pointer or pointer, obtain)
        if trial is None:
            return state
        return replace(state, split=replace(state.split or Split(control=state.live), trial=trial))

    def _without_given_up(self, product: str, pointer: LivePointer) -> LivePointer:
        """Return the pointer after the end of a rollout that this endpoint has given up; any other as it is."""
        given_up = self._given_up.get(pointer.rollout.rollout_id) if pointer.rollout else None
        if pointer.rollout is None or given_up is None:
            return pointer
        return end_rollout(self.pointers, product, pointer.rollout.rollout_id, given_up) or pointer

    def _obtain(
        self, product: str, sequence: int, loaded: Mapping[str, LiveRelease], release_id: str
    ) -> LiveRelease | None:
        """Return a release; one that is in memory stays there, so that the way back and forth costs no load."""
        if release_id in loaded:
            return replace(loaded[release_id], sequence=sequence)
        pointer = LivePointer(release_id=release_id, sequence=sequence, moved_at=self.wall())
        note = functools.partial(self._note, product, release_id)
        try:
            return load_release(self._home, self.pointers.releases_dir, product, pointer, note)
        except MemoryError as error:  # of one release: who follows the pointers of all products goes on
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)) from error

    def _note(self, product: str, release_id: str, event: EngineEvent) -> None:
        log_engine_event(event)
        self.engine_events.append((product, release_id, event))  # from any thread


def _as_ours(product: str, error: PlatformError | OSError) -> PlatformError:
    return error if isinstance(error, PlatformError) else ModelUnusableError(file=product, problem=str(error))


def _rollout_of(split: Split | None) -> str | None:
    return split.candidate.rollout.rollout_id if split is not None and split.candidate is not None else None


def _without_candidate(state: ProductState) -> ProductState:
    return _split_by(state, state.split and replace(state.split, candidate=None))


def _without_trial(state: ProductState) -> ProductState:
    return _split_by(state, state.split and replace(state.split, trial=None))


def _split_by(state: ProductState, split: Split | None) -> ProductState:
    """Return the state with what is left of its split, if kept releases or the switch still need it."""
    is_needed = split is not None and (bool(split.kept) or split.off is not None)
    return replace(state, split=split if is_needed else None)
