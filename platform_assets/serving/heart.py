"""The transport-free heart: a typed request in, typed answers out; any protocol can call it.

validate -> look up (one round trip for all rows) -> score -> guard -> fall back -> answer -> journal.
"""

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from platform_assets.clock import BusinessClock, epoch_seconds, from_epoch
from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.prediction_log import Reason
from platform_assets.inference.frame import take_rows
from platform_assets.inference.on_demand import apply_on_demand
from platform_assets.serving.answers import make_answers, make_entries, single_answer
from platform_assets.serving.call import Call, new_nonce
from platform_assets.serving.fallback import Open, fall_back
from platform_assets.serving.journal import Journal
from platform_assets.serving.judge import find_gaps, judge_rows
from platform_assets.serving.laps import Laps
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.metrics import Metrics
from platform_assets.serving.releases import Releases
from platform_assets.serving.rows import Rows, product_name, read_rows
from platform_assets.serving.sources import BatchSource, FeatureSource
from platform_assets.serving.stored import SnapshotSeen, StoredRows, nothing_stored
from platform_assets.serving.verdict import Verdict
from platform_assets.serving.wire import Answers, PredictRequest, SingleAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Heart:
    """Answers predictions. One release and one snapshot make all rows of an answer, whatever is swapped meanwhile."""

    releases: Releases
    features: FeatureSource
    batches: BatchSource
    journal: Journal
    metrics: Metrics
    clock: BusinessClock
    wall: Callable[[], dt.datetime]
    timer: Callable[[], float] = time.perf_counter

    async def predict(
        self, request: PredictRequest, *, request_id: str, nonce: str | None = None
    ) -> Answers | SingleAnswer:
        """Return one answer per row, each of them journalled; a store or engine that fails ends in a fallback.

        A caller that repeats the same call gives the same `nonce`, and gets the same prediction ids.

        Raises RequestError for what the caller can correct, NoReleaseError where nothing is released.
        """
        laps, predicted_at = Laps(self.timer, self.metrics), self.wall()
        live = self.releases.current(product_name(request))
        product = live.product.name
        rows = read_rows(live.schema, request)
        laps.lap(product, "validate")
        stored = await self._look_up(live, rows, predicted_at)
        laps.lap(product, "lookup")
        event_at = self._event_at(live, rows, stored.snapshot, predicted_at)
        results = await judge_rows(live, rows, stored, find_gaps(live, rows, stored), epoch_seconds(event_at))
        laps.lap(product, "score")
        verdicts = await self._fall_back(live, rows, results, event_at)
        laps.lap(product, "fallback")
        call = Call(
            request_id=request_id,
            live=live,
            snapshot=stored.snapshot,
            event_at=event_at,
            predicted_at=predicted_at,
            latency_ms=laps.elapsed_ms,
            nonce=nonce or new_nonce(),
        )
        answers = self._answer(call, rows, stored, verdicts, is_single=request.features is not None)
        laps.lap(product, "answer")
        return answers

    async def _look_up(self, live: LiveRelease, rows: Rows, predicted_at: dt.datetime) -> StoredRows:
        if not rows.needs_lookup:
            return nothing_stored(live.product, rows.count)
        columns = rows.columns
        if not live.has_plain_join_keys:
            instant = self._event_at(live, rows, None, predicted_at)
            columns = {**columns, "event_at": np.full(rows.count, epoch_seconds(instant))}
            columns = apply_on_demand(live.product.on_demand, columns, known_only=True)
        return await self.features.read(live, columns)

    def _event_at(
        self, live: LiveRelease, rows: Rows, snapshot: SnapshotSeen | None, predicted_at: dt.datetime
    ) -> dt.datetime:
        """Return the instant that the rows stand for: as sent, else the snapshot's as-of in replay, else now."""
        if rows.event_at is not None:
            return from_epoch(rows.event_at)
        pinned = snapshot.as_of if snapshot else DATASETS[live.product.dataset].replay_now
        return self.clock.now(pinned=pinned, wall=predicted_at)

    async def _fall_back(
        self, live: LiveRelease, rows: Rows, results: list[Verdict | Reason], event_at: dt.datetime
    ) -> list[Verdict]:
        """Return a verdict per row: those of the model, and the declared fallback where there is only a reason."""
        verdicts = {position: result for position, result in enumerate(results) if isinstance(result, Verdict)}
        still_open = {position: result for position, result in enumerate(results) if not isinstance(result, Verdict)}
        if still_open:
            columns = take_rows(rows.columns, np.array(list(still_open)))
            answered = await fall_back(live, Open(columns, event_at, list(still_open.values())), self.batches)
            verdicts.update(zip(still_open, answered, strict=True))
        return [verdicts[position] for position in range(rows.count)]

    def _answer(
        self, call: Call, rows: Rows, stored: StoredRows, verdicts: list[Verdict], *, is_single: bool
    ) -> Answers | SingleAnswer:
        entries = make_entries(call, rows, stored, verdicts)
        self.journal.append(entries)
        self.metrics.count_predictions(entries)
        predictions = make_answers(call, entries, verdicts)
        if is_single:
            return single_answer(call, predictions[0])
        return Answers(
            request_id=call.request_id,
            product=call.live.release.product,
            release_id=call.live.release.release_id,
            latency_ms=call.latency_ms,
            predictions=predictions,
        )
