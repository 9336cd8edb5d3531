"""Answers one group of plain calls that are allowed: matrix, scores, log, answers."""

from collections import Counter
from itertools import chain

import numpy as np

from platform_assets.clock import epoch_seconds
from platform_assets.inference.frame import Floats
from platform_assets.inference.scoring import prepare_matrix
from platform_assets.serving.cache.prediction_cache import KnownScores
from platform_assets.serving.heart import Heart
from platform_assets.serving.inputs import inputs_of
from platform_assets.serving.judge import Stages
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.predict_route import PREDICT_PATH
from platform_assets.serving.quick.forms import Forms
from platform_assets.serving.quick.groups import Group, PlainAsked
from platform_assets.serving.quick.parts import LoggedCall, PlainCall, Written
from platform_assets.serving.rows import Rows
from platform_assets.serving.stored import nothing_stored
from platform_assets.serving.telemetry.metrics import AnswerKind
from platform_assets.serving.telemetry.tracing import RequestTrace

_OK = 200
_NO_TIME: Stages = [("admission", 0.0), ("lookup", 0.0)]  # for these nothing was done
_MS = 1000.0


class Clerk:
    """Does what the heart does for a call, for calls that need nobody else; what it cannot finish it leaves open."""

    def __init__(self, heart: Heart) -> None:
        """Work with the parts of the heart."""
        self._heart = heart
        self._forms: dict[str, tuple[LiveRelease, Forms]] = {}

    def answer(self, group: Group, started: float, before: Stages) -> None:
        """Answer the calls of a group; `before` are the stages that all of the turn went through since `started`."""
        heart, live = self._heart, group.live
        trace, product = RequestTrace(), live.product.name
        forms = self.forms_of(live)
        features, matrix = matrix_of(group, is_as_sent=forms.takes_rows_as_sent)
        trace.lap("prepare")
        stages: Stages = []
        known = heart.model.score_now(live, matrix, stages, calls=len(group.calls))
        if known is None:
            return
        trace.lap_with(stages, rest="fallback")
        written = write_calls(group, forms, features, known, trace.last)
        trace.lap("answer")
        self._count(group, written)
        heart.metrics.keep_features(live.product, features)
        # After all that may fail: a call that goes the long way is logged there, and must not be twice.
        heart.journal.append_encoded(chain.from_iterable(each.entries for _, each in written))
        trace.lap("journal")
        access, asked_for = heart.access, heart.asked_for(product, "read")
        for call, each in written:
            letter = call.letter
            access.record(letter.caller, asked_for, access.decide(letter.caller, asked_for), letter.request_id)
            letter.answer(each.answer)
        heart.metrics.count_busy(product, trace.elapsed_ms / _MS)
        self._observe(product, written, [*before, *_NO_TIME, *trace.stages], started)

    def forms_of(self, live: LiveRelease) -> Forms:
        """Return what writes the calls of a release."""
        known = self._forms.get(live.product.name)
        if known is None or known[0] is not live:
            known = self._forms[live.product.name] = (live, Forms(live))
        return known[1]

    def _count(self, group: Group, written: list[tuple[PlainAsked, Written]]) -> None:
        metrics, release = self._heart.metrics, group.live.release
        labels = Counter(chain.from_iterable(each.labels for _, each in written))
        for label, rows in labels.items():
            metrics.count_answers(AnswerKind(release.product, release.release_id, "none", None, label), rows)
        scores = [score for _, each in written for score in each.scores]
        if scores:
            metrics.count_scores(release.product, scores)

    def _observe(self, product: str, written: list[tuple[PlainAsked, Written]], stages: Stages, started: float) -> None:
        metrics, now = self._heart.metrics, RequestTrace().started
        metrics.observe_calls(product, stages, calls=len(written))
        metrics.observe_calls(product, [("queue", started - call.letter.arrived) for call, _ in written], calls=1)
        for call, _ in written:
            seconds = now - call.letter.arrived
            metrics.observe_request(route=PREDICT_PATH, status=_OK, seconds=seconds)
            metrics.observe_product(product, is_failed=False, seconds=seconds)
            if call.asked.split is not None:  # a release that was in force is still at hand
                metrics.observe_role(product, "control", is_failed=False, seconds=seconds)


def write_calls(
    group: Group, forms: Forms, features: list[list[float]], known: KnownScores, scored_at: float
) -> list[tuple[PlainAsked, Written]]:
    """Return the calls as they go out; those with a score that the guard refused are left open."""
    ids, written, end = forms.ids_at(group.event_at), [], 0
    for call in group.calls:
        start, end = end, end + len(call.stored)
        predictions = known.predictions[start:end]
        if not all(each.is_valid for each in predictions):
            continue
        latency_ms = round((scored_at - call.letter.arrived) * _MS, 3)
        plain = PlainCall(
            LoggedCall(call.letter.request_id, group.event_at, group.predicted_at, latency_ms),
            call.asked.is_single,
            ids.next_call(end - start),
            call.asked.rows.fields,
            features[start:end],
            predictions,
            known.is_hit[start:end],
        )
        written.append((call, forms.write(plain)))
    return written


def matrix_of(group: Group, *, is_as_sent: bool) -> tuple[list[list[float]], Floats]:
    """Return the stored features of all rows, as sent, and the model's matrix."""
    sent = [row for call in group.calls for row in call.stored]
    if is_as_sent:
        matrix: Floats = np.array(sent, dtype=np.float64)  # None becomes NaN
        return matrix.tolist(), matrix
    live, fields = group.live, [row for call in group.calls for row in call.asked.rows.fields]
    rows = Rows(fields, sent, needs_lookup=False, event_at=None)
    inputs = inputs_of(live, rows, nothing_stored(live.product, len(sent)), epoch_seconds(group.event_at))
    return inputs.features.tolist(), prepare_matrix(live.bundle, inputs.frame(live))
