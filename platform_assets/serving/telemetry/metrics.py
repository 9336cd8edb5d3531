"""What the endpoint counts about itself; adding costs well under a microsecond, the text is made when asked for.

Labels are products, releases, stages and reasons; never an entity, a path or anything else that a caller invents.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from platform_assets.contract.prediction_log import PredictionLogEntry
from platform_assets.contract.product import Product
from platform_assets.inference.engine_events import EngineEventKind
from platform_assets.serving.telemetry import exposition, process_figures
from platform_assets.serving.telemetry import metric_families as families
from platform_assets.serving.telemetry.cpu_shares import CpuShares
from platform_assets.serving.telemetry.feature_windows import FeatureWindows
from platform_assets.serving.telemetry.gpu_figures import read_gpus
from platform_assets.serving.telemetry.metric_families import Family
from platform_assets.serving.telemetry.shown_files import ShownFiles
from platform_assets.serving.telemetry.tallies import (
    Cells,
    Tallies,
    Values,
    add_all,
    count,
    observe,
    observe_many,
    open_cell,
    total,
)

CONTENT_TYPE = exposition.CONTENT_TYPE
CacheTier = Literal["process", "redis"]
CacheResult = Literal["hit", "miss", "shared"]  # shared: another caller was having the same row scored
BreakerState = Literal["closed", "open", "half_open"]
Refusal = Literal["queue_full", "too_late"]
Role = Literal["control", "candidate", "shadow", "kept", "treatment"]

_GAUGES_LAST_S = 5.0
# The stages of a call in which its worker does something else.
_WAITS = frozenset({"admission", "lookup", "queue"})


class AnswerKind(NamedTuple):
    """What rows share that are counted together."""

    product: str
    release_id: str
    fallback: str
    reason: str | None
    label: str | None


class Board(Protocol):
    """Where the workers of one endpoint tell each other their counts."""

    def tell(self, tallies: Tallies) -> None:
        """Replace what this worker has told."""
        ...

    def others(self) -> list[Tallies]:
        """Return what every other worker told last, also those that have ended."""
        ...


class _StageCells(dict[str, list[float]]):
    """The cells of one product by stage, each made when it is first met."""

    def __init__(self, cells: Cells, product: str) -> None:
        super().__init__()
        self._cells = cells
        self._product = product

    def __missing__(self, stage: str) -> list[float]:
        cell = self[stage] = open_cell(self._cells, (self._product, stage))
        return cell


class Metrics:
    """The counts of one app; two apps in one process count apart. Used by one event loop, so nothing is locked."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Count from nothing."""
        self._monotonic = monotonic
        self._shown = ShownFiles(None)
        self._windows = FeatureWindows()
        self._cpu_shares = CpuShares()
        self._board: Board | None = None
        self._tallies = Tallies.empty()
        self._cpu_before = 0.0
        self._requests: dict[tuple[str, int], tuple[str, str]] = {}
        self._products: dict[tuple[str, bool], tuple[str, str]] = {}
        self._stages: dict[str, _StageCells] = {}
        self.in_flight = 0
        self.queued = 0
        self.rows_in_flight = 0
        self.loop_lag_s = 0.0  # the recent peak

    def share(self, board: Board, *, worker: int, before: Tallies | None) -> None:
        """Be one worker of several: go on where the worker that this one replaces ended."""
        self._board = board
        self._tallies.worker = str(worker)
        if before is not None:
            self._tallies.continue_from(before)
            self._cpu_before = before.counters.get(families.CPU_SECONDS.name, {}).get((), 0.0)
        self.tell()

    def observe_request(self, *, route: str, status: int, seconds: float) -> None:
        """Count one HTTP request. `route` is a template, never a path."""
        labels = self._requests.get((route, status))
        if labels is None:
            labels = self._requests[route, status] = (route, str(status))
        observe(self._tallies.histograms["platform_request_seconds"], labels, seconds)

    def observe_product(self, product: str, *, is_failed: bool, seconds: float) -> None:
        """Count one HTTP request for predictions of a product."""
        labels = self._products.get((product, is_failed))
        if labels is None:
            labels = self._products[product, is_failed] = (product, "failed" if is_failed else "answered")
        observe(self._tallies.histograms["platform_product_request_seconds"], labels, seconds)

    def observe_call(self, product: str, stages: Iterable[tuple[str, float]]) -> None:
        """Add the stages of one prediction, with their seconds, to the latency budget."""
        self.observe_calls(product, stages, calls=1)
        self.count_busy(product, sum(seconds for stage, seconds in stages if stage not in _WAITS))

    def count_busy(self, product: str, seconds: float) -> None:
        """Add the time that calls of a product kept this worker."""
        count(self._tallies.counters["platform_product_busy_seconds"], (product,), seconds)

    def observe_calls(self, product: str, stages: Iterable[tuple[str, float]], *, calls: int) -> None:
        """Add stages that so many predictions went through together: each of them waited for the whole of each."""
        cells = self._stages.get(product)
        if cells is None:
            cells = self._stages[product] = _StageCells(self._tallies.histograms[families.STAGES.name], product)
        add_all(cells, stages, times=calls)

    def keep_features(self, product: Product, rows: Iterable[Sequence[float]]) -> None:
        """Keep rows of stored features for their mean and spread."""
        self._windows.keep(product, rows)

    def observe_loop_lag(self, seconds: float) -> None:
        """Count how late the event loop was once."""
        observe(self._tallies.histograms[families.LOOP_LAG.name], (), seconds)

    def count_predictions(self, entries: Sequence[PredictionLogEntry]) -> None:
        """Count the rows of one answer, all of one product."""
        same: dict[AnswerKind, int] = {}
        for entry in entries:
            kind = AnswerKind(entry.product, entry.release_id, entry.fallback, entry.reason, entry.label)
            same[kind] = same.get(kind, 0) + 1
        for kind, rows in same.items():
            self.count_answers(kind, rows)
        given = [entry.score for entry in entries if entry.score is not None]
        if given:
            self.count_scores(entries[0].product, given)

    def count_answers(self, kind: AnswerKind, rows: int) -> None:
        """Count answered rows of one kind."""
        counters = self._tallies.counters
        count(counters["platform_predictions"], (kind.product, kind.release_id, kind.fallback), rows)
        if kind.reason is not None:
            count(counters["platform_degraded_predictions"], (kind.product, kind.reason), rows)
        if kind.label is not None:
            count(counters["platform_predicted_labels"], (kind.product, kind.label), rows)

    def count_scores(self, product: str, scores: Sequence[float]) -> None:
        """Add scores that were given to their distribution."""
        observe_many(self._tallies.histograms["platform_score"], (product,), scores, families.SCORE_BOUNDS)

    def count_cache(self, *, product: str, tier: CacheTier, result: CacheResult, rows: int = 1) -> None:
        """Count rows looked up in one tier of the prediction cache."""
        count(self._tallies.counters[families.CACHE_LOOKUPS.name], (product, tier, result), rows)

    def count_scored(self, *, product: str, engine: str, rows: int, calls: int = 1, requests: int = 0) -> None:
        """Count calls of an engine with the rows that they scored and the requests that these were of."""
        count(self._tallies.counters[families.ENGINE_REQUESTS.name], (product, engine), requests)
        count(self._tallies.counters[families.ENGINE_CALLS.name], (product, engine), calls)
        count(self._tallies.counters[families.ENGINE_ROWS.name], (product, engine), rows)

    def count_engine_event(self, *, product: str, kind: EngineEventKind) -> None:
        """Count one event of an engine; no request was lost by it."""
        count(self._tallies.counters[families.ENGINE_EVENTS.name], (product, kind))

    def count_refusal(self, reason: Refusal) -> None:
        """Count one request that was refused because there was too much to do."""
        count(self._tallies.counters[families.REFUSALS.name], (reason,))

    def observe_role(self, product: str, role: Role, *, is_failed: bool, seconds: float) -> None:
        """Count one answer of a release that is not alone, or one copy."""
        outcome = "failed" if is_failed else "answered"
        observe(self._tallies.histograms[families.ROLES.name], (product, role, outcome), seconds)

    def count_dropped_copy(self, product: str) -> None:
        """Count a call that was not copied to a shadow."""
        count(self._tallies.counters[families.DROPPED_COPIES.name], (product,))

    def count_unwritten(self) -> None:
        """Count a time that something could not be told to the other workers."""
        count(self._tallies.counters[families.UNWRITTEN.name], ())

    def show_breaker(self, dependency: str, state: BreakerState) -> None:
        """Show the state of the circuit breaker of one dependency."""
        shown = self._tallies.gauges[families.BREAKERS.name]
        shown.update({(dependency, each): float(each == state) for each in ("closed", "open", "half_open")})

    def show_releases(self, serving: list[tuple[str, str, int, str]]) -> None:
        """Replace what is shown as serving: product, release, model version and state."""
        shown: Values = {(product, release, str(version), state): 1.0 for product, release, version, state in serving}
        self._tallies.gauges[families.RELEASES.name] = shown

    def show_files_of(self, directory: Path) -> None:
        """Show what others left in a directory beside what is counted here."""
        self._shown = ShownFiles(directory)

    def tell(self) -> None:
        """Tell the other workers what this one has counted; called about once a second and before each answer."""
        if self._board is not None:
            self._bring_up_to_date()
            try:
                self._board.tell(self._tallies)
            except OSError:  # a full disk: the answers go on, the sums of the siblings stay behind
                self.count_unwritten()

    def render(self) -> bytes:
        """Return the text that Prometheus reads, with the sums over all workers."""
        self._bring_up_to_date()
        self.tell()  # before the answer: whoever is asked next must not know less
        others = self._board.others() if self._board is not None else []
        whole = total([self._tallies, *others], not_before=self._monotonic() - _GAUGES_LAST_S)
        return exposition.render(whole, read_gpus(), self._shown.read())

    def _bring_up_to_date(self) -> None:
        tallies = self._tallies
        tallies.told_at = self._monotonic()
        cpu, counters = process_figures.cpu_seconds(), tallies.counters
        counters[families.CPU_SECONDS.name][()] = self._cpu_before + cpu
        self._cpu_shares.attribute(cpu, counters[families.BUSY_SECONDS.name], counters[families.PRODUCT_CPU.name])
        tallies.windows = self._windows.look(tallies.windows, tallies.told_at)
        self._show(families.IN_FLIGHT, self.in_flight)
        self._show(families.QUEUED, self.queued)
        self._show(families.ROWS_IN_FLIGHT, self.rows_in_flight)
        self._show(families.WORKERS, 1)
        self._show(families.RESIDENT, process_figures.resident_bytes(), tallies.worker)
        self._show(families.OPEN_FILES, process_figures.open_files(), tallies.worker)

    def _show(self, family: Family, value: float, *labels: str) -> None:
        self._tallies.gauges[family.name][labels] = value
