"""The endpoint's promises of speed, each with what this run measured for it."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.serving.figures import Figures, middle_of
from tests.bench.serving.servers import CEILING, OURS

ONE, MANY, ENTITY, CACHED = "rows-1-c16", "rows-100-c16", "entities-1-c16", "repeated-1-c1"
ONE_AT_64 = "rows-1-c64"
_BATCHING_PEER = "mosec_batch"


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised and measured; `measured` None where this run has no figure for it."""

    text: str
    unit: str
    bound: float
    is_minimum: bool
    measured: float | None

    @property
    def verdict(self) -> str:
        """Whether it holds."""
        if self.measured is None:
            return "not measured"
        holds = self.measured >= self.bound if self.is_minimum else self.measured < self.bound
        return "holds" if holds else "**missed**"

    @property
    def wanted(self) -> str:
        """The bound as text."""
        return f"{'at least' if self.is_minimum else 'under'} {self.bound:,g}{self.unit}"

    @property
    def told(self) -> str:
        """The measured value as text."""
        return "-" if self.measured is None else f"{self.measured:,.4g}{self.unit}"


def promises(figures: Figures) -> Iterator[Promise]:
    """Yield every promise; ratios are medians over rounds of ratios inside a round."""
    yield from _ratios(figures)
    for keys in (1, 100):
        reads = figures.reads(keys)
        rate, p99 = middle_of(reads, lambda r: r.rows_per_s), middle_of(reads, lambda r: r.p99_ms)
        text = f"online reader alone, 16 callers, {keys} {'entity' if keys == 1 else 'entities'} a read"
        yield Promise(f"{text}: rows read", "/s", 10_000, is_minimum=True, measured=rate)
        yield Promise(f"{text}: p99", " ms", 5, is_minimum=False, measured=p99)
    entity, cached = figures.line(OURS, ENTITY), figures.line(OURS, CACHED)
    text = "one entity, features from the online store, 16 connections: p99 of the request"
    yield Promise(text, " ms", 20, is_minimum=False, measured=entity.p99_ms if entity else None)
    # Without a counted hit the repeated body was scored like any other and tells nothing of the cache.
    hit_p50 = cached.p50_ms if cached and cached.cache_hits else None
    yield Promise("answer from the cache, 1 connection: p50", " ms", 1, is_minimum=False, measured=hit_p50)
    starts = figures.started(OURS)
    rss, ready = middle_of(starts, lambda s: s.rss_mib), middle_of(starts, lambda s: s.ready_s)
    yield Promise("resident memory of the worker, after all load", " MiB", 120, is_minimum=False, measured=rss)
    yield Promise("first right answer after the start", " s", 3, is_minimum=False, measured=ready)


def _ratios(figures: Figures) -> Iterator[Promise]:
    ceiling = figures.ratio(ONE, CEILING)
    yield Promise("one row, 16 connections: rate to the trivial handler's", "", 0.6, is_minimum=True, measured=ceiling)
    for text, scenario in (("one row", ONE), ("100 rows", MANY)):
        best = figures.best_peer(scenario)
        ratio = figures.ratio(scenario, best) if best else None
        told = f"{text}, 16 connections: rate to the best peer's ({best or 'none measured'})"
        yield Promise(told, "", 3, is_minimum=True, measured=ratio)
    batching = figures.ratio(ONE_AT_64, _BATCHING_PEER)
    text = "one row, 64 connections: rate to mosec's with batching"
    yield Promise(text, "", 1, is_minimum=True, measured=batching)
