"""Medians over rounds, and ratios inside rounds: what the tables and the plot are made of."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

from tests.bench.serving.samples import Absent, Reads, Results, Sample, Started
from tests.bench.serving.servers import CEILING, OURS

Record_ = TypeVar("Record_")
PEERS_APART = (OURS, CEILING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The medians over rounds of one server and scenario; latencies and CPU are None where nothing was answered.

    `store_cpu_s_per_1000` is what the online store adds, 0 without one.
    """

    server: str
    scenario: str
    requests_per_s: float
    rows_per_s: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    errors: int
    cpu_s_per_1000: float | None
    store_cpu_s_per_1000: float | None
    cache_hits: float | None
    fallbacks: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Questions to the results of one run."""

    results: Results

    def samples(self, server: str | None = None, scenario: str | None = None) -> list[Sample]:
        """Return the samples of a server or scenario, or of all."""
        every = (record for record in self.results.records if isinstance(record, Sample))
        return [s for s in every if server in {None, s.server} and scenario in {None, s.scenario}]

    def line(self, server: str, scenario: str) -> Line | None:
        """Return the medians, None when it was not measured."""
        found = self.samples(server, scenario)
        if not found:
            return None
        answered = [s for s in found if s.right > 0]
        hits = [s.cache_hits for s in found if s.cache_hits is not None]
        degraded = [s.fallbacks for s in found if s.fallbacks is not None]
        return Line(
            server=server,
            scenario=scenario,
            requests_per_s=_middle(s.rate for s in found),
            rows_per_s=_middle(s.rate * s.rows for s in found),
            p50_ms=middle_of(answered, lambda s: s.p50_ms),
            p95_ms=middle_of(answered, lambda s: s.p95_ms),
            p99_ms=middle_of(answered, lambda s: s.p99_ms),
            errors=sum(s.errors for s in found),
            cpu_s_per_1000=middle_of(answered, lambda s: _per_1000(s.cpu_s, s)),
            store_cpu_s_per_1000=middle_of(answered, lambda s: _per_1000(s.store_cpu_s or 0.0, s)),
            cache_hits=sum(hits) if hits else None,
            fallbacks=sum(degraded) if degraded else None,
        )

    def started(self, server: str) -> list[Started]:
        """Return the starts of a server."""
        return [r for r in self.results.records if isinstance(r, Started) and r.server == server]

    def reads(self, keys: int) -> list[Reads]:
        """Return what the online reader did with reads of so many entities."""
        return [r for r in self.results.records if isinstance(r, Reads) and r.keys == keys]

    def absent(self) -> list[Absent]:
        """Return the turns that could not be measured."""
        return [record for record in self.results.records if isinstance(record, Absent)]

    def scenarios(self) -> list[str]:
        """Return the measured scenarios in the order of measuring."""
        return list(dict.fromkeys(sample.scenario for sample in self.samples()))

    def ratio(self, scenario: str, other: str, asked: str | None = None) -> float | None:
        """Return the median over rounds of our rate by that of another server; `asked` is our own scenario if apart."""
        ours = {s.round: s.rate for s in self.samples(OURS, asked or scenario)}
        theirs = {s.round: s.rate for s in self.samples(other, scenario)}
        pairs = [ours[n] / theirs[n] for n in sorted(ours.keys() & theirs.keys()) if theirs[n] > 0]
        return median(pairs) if pairs else None

    def best_peer(self, scenario: str) -> str | None:
        """Return the peer with the highest median rate: neither ours nor the ceiling, which scores nothing."""
        names = {s.server for s in self.samples(scenario=scenario)} - set(PEERS_APART)
        rates = {name: _middle(s.rate for s in self.samples(name, scenario)) for name in sorted(names)}
        return max(rates, key=rates.__getitem__) if rates else None


def middle_of(records: Iterable[Record_], value: Callable[[Record_], float]) -> float | None:
    """Return the median of a value, None for no record."""
    values = [value(record) for record in records]
    return median(values) if values else None


def _middle(values: Iterable[float]) -> float:
    return float(median(values))


def _per_1000(cpu_s: float, sample: Sample) -> float:
    return 1000.0 * cpu_s / (sample.right * sample.rows)
