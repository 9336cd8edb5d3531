"""The transport-free heart: a typed request in, typed answers out; any protocol can call it.

validate -> look up (one round trip for all rows) -> score -> guard -> fall back -> answer -> journal.
"""

import datetime as dt
import functools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from platform_assets.access.caller import NOBODY, Caller
from platform_assets.access.caller import Asked as AskedFor
from platform_assets.access.words import Action
from platform_assets.clock import BusinessClock, epoch_seconds, from_epoch
from platform_assets.contract.datasets import DATASETS
from platform_assets.inference.on_demand import apply_on_demand
from platform_assets.serving.access import OPEN_ACCESS, Access, Asker, asked_of
from platform_assets.serving.admission import Admission
from platform_assets.serving.answers import make_answers, make_entries, make_single_answer
from platform_assets.serving.asked import Asked, ask, ask_plainly
from platform_assets.serving.call import Call, new_nonce
from platform_assets.serving.explanations import (
    Explanations,
    explained,
    explained_single,
    require_explainable,
)
from platform_assets.serving.fallback import Open, fall_back
from platform_assets.serving.inputs import inputs_of
from platform_assets.serving.journal import Journal
from platform_assets.serving.judge import Judged
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.model_run import ModelRun
from platform_assets.serving.permitted import asked_online, permitted_version
from platform_assets.serving.releases import Releases
from platform_assets.serving.rows import Rows, columns_of, product_name
from platform_assets.serving.sources import BatchSource, FeatureSource
from platform_assets.serving.stored import SnapshotSeen, StoredRows, nothing_stored
from platform_assets.serving.telemetry.metrics import Metrics
from platform_assets.serving.telemetry.tracing import RequestTrace
from platform_assets.serving.traffic.facts import Headers, facts_of
from platform_assets.serving.traffic.output_versions import ask_in_version, named_version
from platform_assets.serving.traffic.routing import Hands, Traffic
from platform_assets.serving.traffic.switch import switched_off
from platform_assets.serving.verdict import Verdict
from platform_assets.serving.wire import Answers, PredictRequest, SingleAnswer, read_request


@dataclass(frozen=True, slots=True, kw_only=True)
class Heart:
    """Answers predictions. One release and one snapshot make an answer, whatever is swapped meanwhile."""

    releases: Releases
    features: FeatureSource
    batches: BatchSource
    journal: Journal
    metrics: Metrics
    clock: BusinessClock
    wall: Callable[[], dt.datetime]
    model: ModelRun
    admission: Admission
    traffic: Traffic
    access: Access = OPEN_ACCESS
    explanations: Explanations = field(default_factory=Explanations)

    async def predict(
        self,
        request: PredictRequest,
        *,
        request_id: str,
        nonce: str | None = None,
        trace: RequestTrace | None = None,
        headers: Headers = (),
        caller: Caller = NOBODY,
    ) -> Answers | SingleAnswer:
        """Return one answer per row, each of them journalled; a store or engine that fails ends in a fallback.

        A caller that repeats the same call gives the same `nonce`, and gets the same prediction ids. The stages are
        added to `trace`. The `headers` of the call tell whose it is and which release it asks for.

        Raises RequestError for what the caller can correct or may not have, NoReleaseError where nothing is released,
        OverloadedError when too much is under way.
        """
        trace, asker = trace or RequestTrace(), Asker(self.access, caller, request_id)
        asked = self._ask(asker, request, named_version(headers))
        return await self._admit(asked, trace, asker, nonce=nonce, headers=headers)

    async def predict_body(
        self,
        body: bytes,
        *,
        request_id: str,
        trace: RequestTrace | None = None,
        headers: Headers = (),
        caller: Caller = NOBODY,
        asked: Asked | None = None,
    ) -> Answers | SingleAnswer:
        """Return what `predict` returns for the request in a JSON body, at a fraction of the cost of reading it.

        `asked` is what the body asks, where it was read a moment ago.

        Raises as `predict` does, and UnreadableBodyError for what is no JSON.
        """
        trace, asker, named = trace or RequestTrace(), Asker(self.access, caller, request_id), named_version(headers)
        plain = (asked or ask_plainly(self.releases, body)) if named is None else None
        if plain is None or permitted_version(asker, self.releases, plain.live.product.name, None) is not None:
            plain = self._ask(asker, read_request(body), named)
        return await self._admit(plain, trace, asker, nonce=None, headers=headers)

    def permit(self, asker: Asker, product: str) -> None:
        """Raise for a caller who may not have predictions of a product, before anything of the product is told."""
        permitted_version(asker, self.releases, product, None)

    def asked_for(self, product: str, action: Action) -> AskedFor:
        """Return what is asked of a product's online predictions, in the version that is in force."""
        return asked_online(self.releases, product, action)

    def _ask(self, asker: Asker, request: PredictRequest, named: int | None) -> Asked:
        version = permitted_version(asker, self.releases, product_name(request), named)
        if version is None:
            return ask(self.releases, request)
        return ask_in_version(self.releases, request, version, self.wall())

    async def copy(self, asked: Asked) -> list[Judged]:
        """Return what the model of a release says of rows that another one answers; nothing is logged."""
        predicted_at = self.wall()
        stored = await self._look_up(asked.live, asked.rows, predicted_at)
        event_at = self.event_at(asked.live, asked.rows, stored.snapshot, predicted_at)
        inputs = inputs_of(asked.live, asked.rows, stored, epoch_seconds(event_at))
        return (await self.model.judge(asked.live, inputs)).results

    async def _admit(
        self, asked: Asked, trace: RequestTrace, asker: Asker, *, nonce: str | None, headers: Headers
    ) -> Answers | SingleAnswer:
        trace.lap("validate")
        trace.product = product = asked.live.product.name
        request_id = asker.request_id
        require_explainable(asked)
        trace.lap("access")
        async with self.admission.enter(rows=len(asked.rows.fields)):
            trace.lap("admission")
            if asked.split is None:
                answers = await self._answer(asked, trace, request_id=request_id, nonce=nonce)
            else:
                may_choose = asker.may(self.asked_for(product, "choose_release"))
                facts = facts_of(request_id, headers, may_choose=may_choose)
                hands = Hands(functools.partial(self._answer, request_id=request_id, nonce=nonce), self.copy)
                answers = await self.traffic.route(asked, asked.split, facts, trace, hands)
        self.metrics.observe_call(product, trace.stages)
        for version in _versions_in(answers):
            asker.require(asked_of(product, "online_predictions", version, "read"))
        return answers

    async def _answer(
        self, asked: Asked, trace: RequestTrace, *, request_id: str, nonce: str | None
    ) -> Answers | SingleAnswer:
        live, rows, predicted_at = asked.live, asked.rows, self.wall()
        stored = await self._look_up(live, rows, predicted_at)
        trace.lap("lookup")
        event_at = self.event_at(live, rows, stored.snapshot, predicted_at)
        inputs = inputs_of(live, rows, stored, epoch_seconds(event_at))
        judgement = switched_off(inputs) if asked.is_off else await self.model.judge(live, inputs)
        trace.lap_with(judgement.stages, rest="queue")
        verdicts = await self._fall_back(live, rows, judgement.results, event_at)
        trace.lap("fallback")
        call = Call(
            request_id=request_id,
            live=live,
            snapshot=stored.snapshot,
            event_at=event_at,
            predicted_at=predicted_at,
            latency_ms=trace.elapsed_ms,
            nonce=nonce or new_nonce(),
            assigned=asked.assigned,
        )
        entries = make_entries(call, rows, inputs.features.tolist(), verdicts, inputs.streamed)
        told = await self.explanations.explain(live, inputs, verdicts) if asked.wants_explanation else None
        trace.lap("answer")
        self.journal.append(entries)
        self.metrics.count_predictions(entries)
        self.metrics.keep_features(live.product, [entry.features for entry in entries if entry.features])
        trace.lap("journal")
        if asked.is_single:
            answer = make_single_answer(call, entries[0], verdicts[0])
            return answer if told is None else explained_single(answer, told)
        answers = make_answers(call, entries, verdicts)
        return answers if told is None else explained(answers, told)

    async def _look_up(self, live: LiveRelease, rows: Rows, predicted_at: dt.datetime) -> StoredRows:
        count = len(rows.fields)
        if not rows.needs_lookup:
            return nothing_stored(live.product, count)
        columns = columns_of(live.schema, rows.fields)
        if not live.has_plain_join_keys:
            instant = self.event_at(live, rows, None, predicted_at)
            columns["event_at"] = np.full(count, epoch_seconds(instant))
            columns = apply_on_demand(live.product.on_demand, columns, known_only=True)
        return await self.features.read(live, columns)

    def event_at(
        self, live: LiveRelease, rows: Rows, snapshot: SnapshotSeen | None, predicted_at: dt.datetime
    ) -> dt.datetime:
        """Return the instant that the rows stand for: as sent, else the snapshot's as-of in replay, else now."""
        if rows.event_at is not None:
            return from_epoch(rows.event_at)
        pinned = snapshot.as_of if snapshot else DATASETS[live.product.dataset].replay_now
        return self.clock.now(pinned=pinned, wall=predicted_at)

    async def _fall_back(
        self, live: LiveRelease, rows: Rows, results: list[Judged], event_at: dt.datetime
    ) -> list[Verdict]:
        """Return a verdict per row: those of the model, and the declared fallback where there is only a reason."""
        verdicts = {at: result for at, result in enumerate(results) if isinstance(result, Verdict)}
        if len(verdicts) == len(results):
            return list(verdicts.values())
        still_open = {at: result for at, result in enumerate(results) if not isinstance(result, Verdict)}
        columns = columns_of(live.schema, [rows.fields[at] for at in still_open])
        answered = await fall_back(live, Open(columns, event_at, list(still_open.values())), self.batches)
        verdicts.update(zip(still_open, answered, strict=True))
        return [verdicts[at] for at in range(len(results))]


def _versions_in(answers: Answers | SingleAnswer) -> set[int]:
    """Return the versions of the output that a call was answered in: mostly one."""
    rows = answers.predictions if isinstance(answers, Answers) else (answers,)
    return {row.output_schema_version for row in rows}
