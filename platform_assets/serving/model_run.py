"""Inputs go through the model of a release: cache, batcher, engine, guard; small calls together, large ones alone."""

import asyncio
import functools
import time
from collections.abc import Callable

from platform_assets.contract.prediction_log import Reason
from platform_assets.errors import BundleError, EngineFailedError
from platform_assets.inference.frame import Floats
from platform_assets.inference.scoring import Scored, score_matrix
from platform_assets.serving.batching.batcher import Batcher
from platform_assets.serving.batching.lane import LaneKey
from platform_assets.serving.breaker import BreakerLimits, CircuitBreaker
from platform_assets.serving.cache.keys import row_keys
from platform_assets.serving.cache.prediction_cache import CachedScores, KnownScores, PredictionCache
from platform_assets.serving.inputs import Inputs
from platform_assets.serving.judge import Case, Judgement, Stages, case_matrix, close_case, open_case
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.model_counts import ModelCounts
from platform_assets.serving.telemetry.metrics import Metrics
from platform_assets.serving.turns import Turns

_SMALL_ROWS = 32
_ENGINES_REMEMBERED = 64


class ModelRun:
    """Judges inputs by the model; one per event loop."""

    def __init__(
        self,
        *,
        metrics: Metrics,
        wall_s: Callable[[], float],
        cache: PredictionCache | None = None,
        batcher: Batcher | None = None,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Start with an empty cache; `wall_s` gives the wall instant in epoch seconds."""
        self._cache = cache or PredictionCache(timer=time.monotonic)
        self._batcher = batcher or Batcher()
        self._counts = ModelCounts(self._cache, self._batcher, metrics)
        self._wall_s = wall_s
        self._timer = timer
        self._turns = Turns(self._judge)
        self._breaker = functools.lru_cache(maxsize=_ENGINES_REMEMBERED)(_breaker_of)

    async def judge(self, live: LiveRelease, inputs: Inputs) -> Judgement:
        """Return a verdict, or the reason for a fallback, per row and in order. Raises OverloadedError."""
        if inputs.count <= _SMALL_ROWS:
            return await self._turns.join(live, inputs)
        return await self._judge(live, inputs)

    def score_now(self, live: LiveRelease, matrix: Floats, stages: Stages, *, calls: int) -> KnownScores | None:
        """Return the scores of the rows of several calls that read nothing from the store; None if they would wait.

        None also where the engine may not be asked or fails: who then takes the usual way meets that there.
        """
        started, scoring_s = self._timer(), 0.0

        def compute(missing: Floats) -> Scored | None:
            nonlocal scoring_s
            begun = self._timer()
            scored = self._computed_now(live, missing, calls)
            scoring_s = self._timer() - begun
            return scored

        cache = live.product.online.cache if live.product.online else None
        keys = row_keys(live.scope(None), matrix) if cache else []
        known = self._cache.score_now(live.product.name, cache, keys, matrix, compute, at=self._wall_s())
        self._counts.tell(live.product.name, live.engine)
        stages += [("cache", self._timer() - started - scoring_s), ("score", scoring_s)]
        return known

    def close(self) -> None:
        """Refuse what waits for an engine."""
        self._batcher.close()

    async def _judge(self, live: LiveRelease, inputs: Inputs) -> Judgement:
        case = open_case(live, inputs)
        if not case.positions:
            return Judgement(close_case(case, "engine_error"), [])
        stages: Stages = []
        results = close_case(case, await self._attempt(case, stages))
        self._counts.tell(live.product.name, live.engine)
        return Judgement(results, stages)

    async def _attempt(self, case: Case, stages: Stages) -> CachedScores | Reason:
        """Return the scores, or why there are none; rows that lie in the cache need no engine."""
        try:
            async with asyncio.timeout(case.live.score_deadline_s):
                return await self._score(case, stages)
        except BundleError:
            return "engine_error"
        except TimeoutError:
            return "engine_timeout"

    async def _score(self, case: Case, stages: Stages) -> CachedScores:
        live, started = case.live, self._timer()
        matrix = case_matrix(case)
        prepared = self._timer()
        scoring_s = 0.0

        async def compute(missing: Floats) -> Scored:
            nonlocal scoring_s
            begun = self._timer()
            scored = await self._computed(live, missing)
            scoring_s += self._timer() - begun
            return scored

        cache = live.product.online.cache if live.product.online else None
        keys = _keys(case, matrix) if cache else []
        scores = await self._cache.score(live.product.name, cache, keys, matrix, compute, at=self._wall_s())
        cache_s = self._timer() - prepared - scoring_s
        stages += [("prepare", prepared - started), ("cache", cache_s), ("score", scoring_s)]
        return scores

    def _computed_now(self, live: LiveRelease, matrix: Floats, calls: int) -> Scored | None:
        breaker = self._breaker(live.release.release_id, live.score_deadline_s)
        ticket = breaker.enter()
        if ticket is None:
            return None
        key, report = LaneKey(live.product.name, live.release.release_id), breaker.abandoned
        try:
            scored = self._batcher.score_now(key, functools.partial(score_matrix, live.bundle), matrix, calls=calls)
            if scored is not None:
                report = breaker.succeeded
        except BundleError:
            return None
        finally:
            report(ticket)
        return scored

    async def _computed(self, live: LiveRelease, matrix: Floats) -> Scored:
        """Return what the engine says; one that keeps failing is left alone for a while, with EngineFailedError."""
        breaker = self._breaker(live.release.release_id, live.score_deadline_s)
        ticket = breaker.enter()
        if ticket is None:
            reason = "it failed repeatedly and is left alone for a while"
            raise EngineFailedError(engine=live.engine, device=live.device, reason=reason)
        key = LaneKey(live.product.name, live.release.release_id)
        report = breaker.abandoned  # a call that was refused or cancelled says nothing about the engine
        try:
            scored = await self._batcher.score(key, functools.partial(score_matrix, live.bundle), matrix, live.batching)
            report = breaker.succeeded
        except BundleError:
            report = breaker.failed
            raise
        except asyncio.CancelledError:
            if self._batcher.is_busy_with(key):  # the deadline passed while this very engine worked
                report = breaker.failed
            raise
        finally:
            report(ticket)
        return scored


def _breaker_of(_release_id: str, deadline_s: float) -> CircuitBreaker:
    # A probe is lost only when its own deadline has long passed.
    return CircuitBreaker(limits=BreakerLimits(probe_s=max(1.0, 2.0 * deadline_s)))


def _keys(case: Case, matrix: Floats) -> list[bytes]:
    """Return the cache key of each row; rows of one turn may have been read from different snapshots."""
    scopes = [case.inputs.scopes[at] for at in case.positions]
    if scopes.count(scopes[0]) == len(scopes):
        return row_keys(scopes[0], matrix)
    return [row_keys(scope, matrix[at : at + 1])[0] for at, scope in enumerate(scopes)]
