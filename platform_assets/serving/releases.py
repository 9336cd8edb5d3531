"""Which releases answer: follows the live pointers, swaps between requests, keeps the old one when a new one fails."""

import asyncio
import functools
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from platform_assets.errors import ModelUnusableError, NoReleaseError, PlatformError, UnknownProductError
from platform_assets.inference.engine_events import EngineEvent, log_engine_event
from platform_assets.inference.live_pointer import LivePointer, read_live
from platform_assets.serving.health import State
from platform_assets.serving.live_release import LiveRelease, load_release

_MOST_EVENTS = 1000


@dataclass(frozen=True, slots=True)
class ProductState:
    """What the endpoint serves of a product, next to the pointer it saw last and why that one is not served.

    `pointer` is None while the pointer itself cannot be read.
    """

    pointer: LivePointer | None
    live: LiveRelease | None
    error: PlatformError | None = None

    @property
    def state(self) -> State:
        """Say in one word whether the pointer's release answers, the one before it, or none."""
        if self.error is not None:
            return "failed" if self.live is None else "serving_previous"
        return "serving" if self.live is not None else "batch_only"


class Releases:
    """Holds one release per product. Readers see a whole mapping: it is replaced, never changed."""

    def __init__(self, *, home: Path, releases_dir: Path) -> None:
        """Start empty; `refresh` loads. `engine_events` gathers what happens to engines until somebody counts it."""
        self._home = home
        self._releases_dir = releases_dir
        self._states: Mapping[str, ProductState] = MappingProxyType({})
        self._refreshing = asyncio.Lock()
        self.engine_events: deque[tuple[str, EngineEvent]] = deque(maxlen=_MOST_EVENTS)

    @property
    def states(self) -> Mapping[str, ProductState]:
        """The state of every product with a live pointer, sorted by name."""
        return self._states

    def current(self, product: str) -> LiveRelease:
        """Return the release that answers now; hold on to it for the whole request.

        Raises UnknownProductError, or NoReleaseError for a product whose only release failed.
        """
        state = self._states.get(product)
        if state is None or state.state == "batch_only":
            known = ", ".join(name for name, each in self._states.items() if each.state != "batch_only")
            raise UnknownProductError(product=product, known=known)
        if state.live is None:
            raise NoReleaseError(product=product)
        return state.live

    async def refresh(self, *, only: str | None = None, again: bool = False) -> None:
        """Load what the pointers name and swap it in. With `again`, a release that failed is tried once more.

        Loading runs in a thread, so requests go on; a failure is kept in the state and raises nothing.
        """
        async with self._refreshing:
            states = await asyncio.to_thread(self._look, only=only, again=again)
            self._states = MappingProxyType(dict(sorted(states.items())))

    def _look(self, *, only: str | None, again: bool) -> dict[str, ProductState]:
        states = dict(self._states)
        for product in self._released_products():
            if only in {None, product}:
                self._look_at(product, states, again=again)
        return states

    def _released_products(self) -> list[str]:
        try:
            return sorted(path.name for path in self._releases_dir.iterdir() if path.is_dir())
        except OSError:  # nothing was released yet, or the directory cannot be read now: the next look will tell
            return []

    def _look_at(self, product: str, states: dict[str, ProductState], *, again: bool) -> None:
        before = states.get(product)
        previous = before.live if before else None
        try:
            pointer = read_live(self._releases_dir, product)
        except (PlatformError, OSError) as error:  # an unreadable pointer: what was served goes on
            states[product] = ProductState(None, previous, _as_ours(product, error))
            return
        if pointer is not None and (before is None or _is_due(before, pointer, again=again)):
            states[product] = self._load(product, pointer, previous)

    def _load(self, product: str, pointer: LivePointer, previous: LiveRelease | None) -> ProductState:
        try:
            live = load_release(
                self._home, self._releases_dir, product, pointer, functools.partial(self._note, product)
            )
        except (PlatformError, OSError) as error:  # a file that vanished or may not be read is an OSError
            return ProductState(pointer, previous, _as_ours(product, error))
        return ProductState(pointer, live)

    def _note(self, product: str, event: EngineEvent) -> None:
        log_engine_event(event)
        self.engine_events.append((product, event))  # from any thread


def _as_ours(product: str, error: PlatformError | OSError) -> PlatformError:
    return error if isinstance(error, PlatformError) else ModelUnusableError(file=product, problem=str(error))


def _is_due(before: ProductState, pointer: LivePointer, *, again: bool) -> bool:
    return pointer != before.pointer or (again and before.error is not None)
