"""Writes the log entries and answers of plain rows, of which only what differs from row to row is encoded.

What all plain rows of a release have in common is taken once from an entry and an answer that the usual way made, so
that a field that is added there is here as well.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

import msgspec

from platform_assets.contract.prediction_log import encode_entry
from platform_assets.inference.scoring import label_of
from platform_assets.serving.answers import confidence_of, make_answers, make_entries, make_single_answer
from platform_assets.serving.call import Call
from platform_assets.serving.identity import FreshIds
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.quick.parts import (
    LoggedCall,
    LoggedRow,
    PlainCall,
    ToldCall,
    ToldRow,
    ToldSingle,
    ToldWhole,
    Written,
)
from platform_assets.serving.rows import Rows, key_text, sent_values
from platform_assets.serving.verdict import Verdict, known

Standing = tuple[str | None, float | None]  # label and confidence
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_TO_LOG = msgspec.msgpack.Encoder().encode
_TO_JSON = msgspec.json.Encoder().encode
_LARGE_MAP = b"\xde"  # MessagePack: a map, its size in two bytes; the head of a small one is one byte
_N_LOGGED = len(LoggedCall.__struct_fields__) + len(LoggedRow.__struct_fields__)


class Forms:
    """Writes the plain calls of one release, with the values that the usual way writes."""

    def __init__(self, live: LiveRelease) -> None:
        """Take what all rows of a release say from one row of it."""
        entry, single, whole = _samples(live)
        self._schema, self._entity_at = live.schema, live.schema.keys[0][1]
        self._entry = _rest(msgspec.msgpack.decode(entry), LoggedCall, LoggedRow, but="label")
        self._answer = _rest(msgspec.json.decode(single), ToldCall, ToldRow, ToldSingle, but="label")
        self._whole = _inner(_rest(msgspec.json.decode(whole), ToldWhole, but="predictions"))
        self._standing = _standing_by(live)
        self.takes_rows_as_sent = live.takes_rows_as_sent
        self._live = live
        self._ids: tuple[dt.datetime, FreshIds] | None = None
        self._by_label: dict[str | None, tuple[bytes, bytes]] = {}

    def ids_at(self, event_at: dt.datetime) -> FreshIds:
        """Return what names the rows of calls for an instant; in replay all calls have the same one."""
        if self._ids is None or self._ids[0] != event_at:
            self._ids = (event_at, FreshIds(self._live, event_at))
        return self._ids[1]

    def write(self, call: PlainCall) -> Written:
        """Return a call as it goes out."""
        logged, schema = call.logged, self._schema
        log_part = _TO_LOG(logged)[1:]
        told_part = _inner(ToldCall(logged.event_at, logged.latency_ms)) + b","
        entries, answers, labels = [], [], []
        for name, row, features, prediction, is_hit in zip(
            call.ids, call.rows, call.features, call.predictions, call.is_hit, strict=True
        ):
            score, uncertainty = prediction.score, known(prediction.uncertainty)
            label, confidence = self._standing(score)
            entry_form, answer_form = self._by_label.get(label) or self._new_form(label)
            row_keys = {key: key_text(row[at]) for key, at in schema.keys}
            entity = key_text(row[self._entity_at])
            own = LoggedRow(
                name, entity, row_keys, score, confidence, uncertainty, features, sent_values(schema, row), is_hit
            )
            entries.append(entry_form + log_part + _TO_LOG(own)[1:])
            told = _TO_JSON(ToldRow(name, entity, score, uncertainty, is_hit))
            answers.append(answer_form + told_part + told[1:])
            labels.append(label)
        return Written(entries, self._answer_of(call, answers), labels, [each.score for each in call.predictions])

    def _answer_of(self, call: PlainCall, answers: list[bytes]) -> bytes:
        request_id = call.logged.request_id
        if call.is_single:
            score = call.predictions[0].score
            told = _inner(ToldSingle(request_id, score, self._standing(score)[1]))
            return answers[0][:-1] + b"," + told + b"}"
        whole = _inner(ToldWhole(request_id, call.logged.latency_ms))
        return b"{%b,%b,%b]}" % (whole, self._whole, b'"predictions":[' + b",".join(answers))

    def _new_form(self, label: str | None) -> tuple[bytes, bytes]:
        entry, answer = {**self._entry, "label": label}, {**self._answer, "label": label}
        size = (len(entry) + _N_LOGGED).to_bytes(2, "big")
        rest = b"".join(map(_TO_LOG, (each for pair in entry.items() for each in pair)))
        form = self._by_label[label] = (_LARGE_MAP + size + rest, b"{" + _inner(answer) + b",")
        return form


def _inner(told: object) -> bytes:
    """Return the JSON of an object without its braces."""
    return _TO_JSON(told)[1:-1]


def _rest(told: dict[str, Any], *parts: type[msgspec.Struct], but: str) -> dict[str, Any]:
    own = {name for part in parts for name in part.__struct_fields__} | {but}
    return {name: value for name, value in told.items() if name not in own}


def _samples(live: LiveRelease) -> tuple[bytes, bytes, bytes]:
    """Return an entry, a single answer and a whole answer of a plain row."""
    call = Call(
        request_id="", live=live, snapshot=None, event_at=_EPOCH, predicted_at=_EPOCH, latency_ms=0.0, nonce="sample"
    )
    verdict = Verdict(
        score=live.product.score.low,
        uncertainty=None,
        is_valid=True,
        model_version=live.release.model_version,
        as_of=None,
        action_allowed=True,
    )
    rows = Rows([("",) * len(live.schema.fields)], None, needs_lookup=False, event_at=None)
    entries = make_entries(call, rows, [[]], [verdict])
    single = make_single_answer(call, entries[0], verdict)
    return encode_entry(entries[0]), _TO_JSON(single), _TO_JSON(make_answers(call, entries, [verdict]))


def _standing_by(live: LiveRelease) -> Callable[[float], Standing]:
    """Return what tells the label and the confidence of a valid score."""
    product, semantics = live.product, live.product.score
    threshold = semantics.threshold
    if semantics.kind != "probability" or threshold is None:
        return lambda score: (label_of(product, score), confidence_of(semantics, score))
    value, above, below = threshold.value, threshold.at_or_above, threshold.below
    return lambda score: (above, score) if score >= value else (below, 1.0 - score)
