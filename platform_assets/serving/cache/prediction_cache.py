"""The prediction cache as a request sees it: rows in, scores out, each of them computed at most once at a time."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from platform_assets.contract.online import Cache
from platform_assets.inference.frame import Floats
from platform_assets.inference.scoring import Scored
from platform_assets.serving.cache.counts import CacheCounts
from platform_assets.serving.cache.flights import Flights, Predictions, follow
from platform_assets.serving.cache.local import LocalTier
from platform_assets.serving.cache.prediction import Prediction, join, split
from platform_assets.serving.cache.shared import SharedTier
from platform_assets.serving.stored import Flags

Compute = Callable[[Floats], Awaitable[Scored]]
ComputeNow = Callable[[Floats], Scored | None]

# Workers of one machine share its clock; entries from further ahead were written before it was set back.
_CLOCK_SKEW_S = 5.0


@dataclass(frozen=True, slots=True)
class CachedScores:
    """Scores of a call's rows, in order: when each was computed (epoch seconds), and whether it was reused."""

    scored: Scored
    computed_at: Floats
    is_hit: Flags


class KnownScores(NamedTuple):
    """The same for rows that nobody had to wait for, as plain values: predictions, and whether each was reused."""

    predictions: list[Prediction]
    is_hit: list[bool]


@dataclass(slots=True)
class _Shelf:
    """What is kept of one product, so that no product pushes out the entries of another."""

    tier: LocalTier
    flights: Flights = field(default_factory=Flights)
    counts: CacheCounts = field(default_factory=CacheCounts)


class _Call(NamedTuple):
    """One call: its rows with their keys, and how to compute what is missing."""

    shelf: _Shelf
    declared: Cache
    keys: list[bytes]
    matrix: Floats
    compute: Compute
    at: float
    started: float

    @property
    def expires_at(self) -> float:
        """The monotonic instant until which what is computed now may be reused."""
        return self.started + self.declared.ttl_seconds

    def is_current(self, prediction: Prediction) -> bool:
        """Whether a prediction of another process may be reused, by the wall clock."""
        return -_CLOCK_SKEW_S <= self.at - prediction.computed_at < self.declared.ttl_seconds


class PredictionCache:
    """Gives each row the score that was computed for its key, never another one.

    For one event loop. `timer` is monotonic and decides about expiry; a joined computation is waited for at most
    `patience_s`, then the row is computed again.
    """

    def __init__(
        self, *, timer: Callable[[], float], shared: SharedTier | None = None, patience_s: float = 0.05
    ) -> None:
        """Start empty. Without a `shared` tier, products that declare one use the local tier alone."""
        self._timer = timer
        self._shared = shared
        self._patience_s = patience_s
        self._shelves: dict[str, _Shelf] = {}

    async def score(
        self, product: str, declared: Cache | None, keys: list[bytes], matrix: Floats, compute: Compute, *, at: float
    ) -> CachedScores:
        """Return the scores of a prepared matrix [rows, inputs]; `at` is the wall instant in epoch seconds.

        `keys` holds one key per row, made by `row_keys` of the scope that the row was read under. Without a declared
        cache they are not used and all rows are computed. Raises what `compute` raises for rows of this call.
        """
        if declared is None:
            return _fresh(await compute(matrix), at)
        shelf = self._shelf(product, declared)
        call = _Call(shelf, declared, keys, matrix, compute, at, self._timer())
        found = shelf.tier.find(call.keys, call.started)
        shelf.counts.asked += len(found)
        shelf.counts.local += len(found) - found.count(None)
        complete = [each for each in found if each is not None]
        if len(complete) == len(found):
            return _reused(complete, np.ones(len(found), dtype=np.bool_))
        return await self._complete(call, found)

    def score_now(
        self, product: str, declared: Cache | None, keys: list[bytes], matrix: Floats, compute: ComputeNow, *, at: float
    ) -> KnownScores | None:
        """Return what `score` returns where nobody has to be waited for, else None; then nothing was counted or kept.

        `compute` gives None for rows that it cannot score at once.
        """
        if declared is None:
            scored = compute(matrix)
            return None if scored is None else KnownScores(split(scored, at), [False] * len(matrix))
        shelf, started = self._shelf(product, declared), self._timer()
        found = shelf.tier.find(keys, started)
        n_missing = found.count(None)
        computed: Predictions = {}
        if n_missing:
            missing = list(dict.fromkeys(key for key, each in zip(keys, found, strict=True) if each is None))
            if (self._shared is not None and declared.shared) or shelf.flights.find(missing):
                return None
            scored = compute(_rows_of(missing, keys, matrix))
            if scored is None:
                return None
            computed = _keep(shelf.tier, missing, split(scored, at), expires_at=started + declared.ttl_seconds)
        counts = shelf.counts
        counts.asked += len(keys)
        counts.local += len(keys) - n_missing
        counts.computed += len(computed)
        counts.joined += n_missing - len(computed)
        predictions = [each or computed[key] for key, each in zip(keys, found, strict=True)]
        return KnownScores(predictions, [key not in computed for key in keys])

    def counts(self) -> dict[str, CacheCounts]:
        """Return what was counted, by product."""
        return {product: shelf.counts for product, shelf in self._shelves.items()}

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Return how many entries the local tier holds and how many it has pushed out, by product."""
        return {product: (len(shelf.tier), shelf.tier.evicted) for product, shelf in self._shelves.items()}

    def _shelf(self, product: str, declared: Cache) -> _Shelf:
        shelf = self._shelves.get(product)
        if shelf is None:
            shelf = self._shelves[product] = _Shelf(LocalTier(declared.max_entries))
        shelf.tier.max_entries = declared.max_entries  # another release may declare another bound
        return shelf

    async def _complete(self, call: _Call, found: Sequence[Prediction | None]) -> CachedScores:
        """Add what the local tier did not have: from the shared tier, from others who compute it, or computed now."""
        missing = list(dict.fromkeys(key for key, each in zip(call.keys, found, strict=True) if each is None))
        known, n_shared = await self._fetch(call, missing)
        computed: set[bytes] = set()
        left = [key for key in missing if key not in known]
        loop, given_up = asyncio.get_running_loop(), set[asyncio.Future[Predictions]]()
        # More than one turn only when a leader failed or is too slow: then the first of its followers leads, and the
        # others follow that one.
        while left:
            under_way = call.shelf.flights.find(left)
            flights = {key: flight for key, flight in under_way.items() if flight not in given_up}
            own = [key for key in left if key not in flights]
            if own:
                computed.update(own)
                known.update(await call.shelf.flights.lead(own, functools.partial(self._compute, call, own)))
            if flights:
                known.update(await follow(flights, until=loop.time() + self._patience_s))
                given_up.update(flights.values())
                known.update(self._kept_meanwhile(call, [key for key in left if key not in known]))
            left = [key for key in left if key not in known]
        call.shelf.counts.joined += found.count(None) - n_shared - len(computed)
        predictions = [each or known[key] for key, each in zip(call.keys, found, strict=True)]
        return _reused(predictions, np.array([key not in computed for key in call.keys], dtype=np.bool_))

    async def _fetch(self, call: _Call, missing: Sequence[bytes]) -> tuple[dict[bytes, Prediction], int]:
        """Return what the shared tier has and this process has computed meanwhile, and the rows that the tier gave."""
        if self._shared is None or not call.declared.shared:
            return {}, 0
        fetched = await self._shared.find(missing)
        known = {key: each for key, each in fetched.items() if call.is_current(each)}
        for key, each in known.items():
            call.shelf.tier.keep(key, each, expires_at=call.expires_at - max(0.0, call.at - each.computed_at))
        n_rows = sum(key in known for key in call.keys)
        call.shelf.counts.shared += n_rows
        return known | self._kept_meanwhile(call, [key for key in missing if key not in known]), n_rows

    def _kept_meanwhile(self, call: _Call, keys: Sequence[bytes]) -> dict[bytes, Prediction]:
        """Return what the local tier was given since this call looked into it."""
        found = zip(keys, call.shelf.tier.find(keys, self._timer()), strict=True)
        return {key: each for key, each in found if each is not None}

    async def _compute(self, call: _Call, keys: Sequence[bytes]) -> Predictions:
        call.shelf.counts.computed += len(keys)
        scored = await call.compute(_rows_of(keys, call.keys, call.matrix))
        computed = _keep(call.shelf.tier, keys, split(scored, call.at), expires_at=call.expires_at)
        if self._shared is not None and call.declared.shared:
            self._shared.keep(computed, ttl_s=call.declared.ttl_seconds)
        return computed


def _keep(
    tier: LocalTier, keys: Sequence[bytes], predictions: Sequence[Prediction], *, expires_at: float
) -> dict[bytes, Prediction]:
    """Put what was computed into the local tier; return it by key."""
    computed = dict(zip(keys, predictions, strict=True))
    tier.keep_all(computed, expires_at=expires_at)
    return computed


def _rows_of(wanted: Sequence[bytes], keys: Sequence[bytes], matrix: Floats) -> Floats:
    """Return one row of the matrix for each of the wanted keys."""
    if len(wanted) == len(keys):
        return matrix
    places = dict(zip(reversed(keys), range(len(keys) - 1, -1, -1), strict=True))
    return matrix[[places[key] for key in wanted]]


def _fresh(scored: Scored, at: float) -> CachedScores:
    rows = len(scored.score)
    return CachedScores(scored, np.full(rows, at), np.zeros(rows, dtype=np.bool_))


def _reused(predictions: Sequence[Prediction], is_hit: Flags) -> CachedScores:
    computed_at = np.array([each.computed_at for each in predictions], dtype=np.float64)
    return CachedScores(join(predictions), computed_at, is_hit)
