"""Carries on to the metrics what the cache and the batcher have counted since they were last asked."""

from typing import NamedTuple

from platform_assets.serving.batching.batcher import Batcher
from platform_assets.serving.cache.counts import CacheCounts
from platform_assets.serving.cache.prediction_cache import PredictionCache
from platform_assets.serving.telemetry.metrics import CacheResult, CacheTier, Metrics

_NOT_ASKED = CacheCounts()


class _Totals(NamedTuple):
    """The counts of one product since the start of the process."""

    local: int = 0
    shared: int = 0
    joined: int = 0
    computed: int = 0
    engine_calls: int = 0
    engine_rows: int = 0
    engine_requests: int = 0


class ModelCounts:
    """Adds the growth of a product's counts to the metrics; for one event loop."""

    def __init__(self, cache: PredictionCache, batcher: Batcher, metrics: Metrics) -> None:
        """Start with nothing told."""
        self._cache = cache
        self._batcher = batcher
        self._metrics = metrics
        self._told: dict[str, _Totals] = {}

    def tell(self, product: str, engine: str) -> None:
        """Tell what was counted of a product since the last time."""
        before, now = self._told.get(product, _Totals()), self._totals(product)
        if now == before:
            return
        self._told[product] = now
        self._tell_cache(product, "process", "hit", now.local - before.local)
        self._tell_cache(product, "redis", "hit", now.shared - before.shared)
        self._tell_cache(product, "process", "shared", now.joined - before.joined)
        self._tell_cache(product, "process", "miss", now.computed - before.computed)
        calls = now.engine_calls - before.engine_calls
        if calls:
            self._metrics.count_scored(
                product=product,
                engine=engine,
                rows=now.engine_rows - before.engine_rows,
                calls=calls,
                requests=now.engine_requests - before.engine_requests,
            )

    def _tell_cache(self, product: str, tier: CacheTier, result: CacheResult, rows: int) -> None:
        if rows:
            self._metrics.count_cache(product=product, tier=tier, result=result, rows=rows)

    def _totals(self, product: str) -> _Totals:
        cache, engine = self._cache.counts().get(product, _NOT_ASKED), self._batcher.counts[product]
        scored = (engine.engine_calls, engine.rows, engine.calls)
        return _Totals(cache.local, cache.shared, cache.joined, cache.computed, *scored)
