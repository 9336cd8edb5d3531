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
from platform_assets.serving.values import Scalar
from platform_assets.serving.verdict import Verdict, known

Standing = tuple[str | None, float | None]  # label and confidence
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_TO_LOG = msgspec.msgpack.Encoder().encode
_TO_JSON = msgspec.json.Encoder().encode
_TO_LINES = msgspec.json.Encoder().encode_lines
_NOTHING_SENT: dict[str, Scalar] = {}
_LARGE_MAP = b"\xde"  # MessagePack: a map, its size in two bytes; the head of a small one is one byte
_N_LOGGED = len(LoggedCall.__struct_fields__) + len(LoggedRow.__struct_fields__)


class Forms:
    """Writes the plain calls of one release, with the values that the usual way writes."""

    def __init__(self, live: LiveRelease) -> None:
        """Take what all rows of a release say from one row of it."""
        entry, single, whole = _samples(live)
        entry_rest = _rest(msgspec.msgpack.decode(entry), LoggedCall, LoggedRow)
        size = (len(entry_rest) + _N_LOGGED).to_bytes(2, "big")
        self._entry = _LARGE_MAP + size + b"".join(_TO_LOG(each) for pair in entry_rest.items() for each in pair)
        self._answer = _inner(_rest(msgspec.json.decode(single), ToldCall, ToldRow, ToldSingle))
        self._whole = _inner(_rest(msgspec.json.decode(whole), ToldWhole, but="predictions"))
        self._live, self._standing = live, _standing_by(live)
        self._ids: tuple[dt.datetime, FreshIds] | None = None
        self.takes_rows_as_sent = live.takes_rows_as_sent

    def ids_at(self, event_at: dt.datetime) -> FreshIds:
        """Return what names the rows of calls for an instant; in replay all calls have the same one."""
        if self._ids is None or self._ids[0] != event_at:
            self._ids = (event_at, FreshIds(self._live, event_at))
        return self._ids[1]

    def write(self, call: PlainCall) -> Written:
        """Return a call as it goes out."""
        schema, standing = self._live.schema, self._standing
        head = self._entry + _TO_LOG(call.logged)[1:]
        entries, told, labels = [], [], []
        for name, row, features, (score, doubt, _, _), is_hit in zip(
            call.ids, call.rows, call.features, call.predictions, call.is_hit, strict=True
        ):
            label, confidence = standing(score)
            uncertainty = known(doubt)
            row_keys = {key: key_text(row[at]) for key, at in schema.keys}
            entity = row_keys[schema.row_keys[0]]
            request = sent_values(schema, row) if schema.request else _NOTHING_SENT
            own = LoggedRow(name, entity, row_keys, score, label, confidence, uncertainty, features, request, is_hit)
            entries.append(head + _TO_LOG(own)[1:])
            told.append(ToldRow(name, entity, score, label, uncertainty, is_hit))
            labels.append(label)
        scores = [each.score for each in call.predictions]
        return Written(entries, self._answer_of(call, told), labels, scores)

    def _answer_of(self, call: PlainCall, told: list[ToldRow]) -> bytes:
        logged = call.logged
        shared = b"%b,%b," % (self._answer, _inner(ToldCall(logged.event_at, logged.latency_ms)))
        if call.is_single:
            score = told[0].score
            shared += _inner(ToldSingle(logged.request_id, score, self._standing(score)[1])) + b","
        # A line break is no part of JSON text that is encoded: it ends a row, and the next one begins.
        rows = _TO_LINES(told)[1:-1].replace(b"}\n{", b"},{" + shared)
        if call.is_single:
            return b"{%b%b" % (shared, rows)
        whole = _inner(ToldWhole(logged.request_id, logged.latency_ms))
        return b'{%b,%b,"predictions":[{%b%b]}' % (whole, self._whole, shared, rows)


def _inner(told: object) -> bytes:
    """Return the JSON of an object without its braces."""
    return _TO_JSON(told)[1:-1]


def _rest(told: dict[str, Any], *parts: type[msgspec.Struct], but: str = "") -> dict[str, Any]:
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
