"""One event: read from what a producer sent, checked against the declaration, ready to be applied."""

import math
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

import msgspec

from platform_assets.clock import epoch_seconds, parse_instant
from platform_assets.contract.features import RequestField
from platform_assets.contract.streaming import Measure, StreamingFeatures
from platform_assets.online.packing import entity_key
from platform_assets.online.streaming.buckets import CountedEvent, bucket_of

Scalar = str | int | float | bool | None
RefusedAs = Literal["invalid", "too_late", "from_the_future"]
_MOST_TEXT = 200
_MOST_ID = 128
_MOST_MEASURE = 1e6  # a bucket of thousands of events must stay an exact sum of millionths in a float64
_KINDS: dict[str, type | tuple[type, ...]] = {"number": (int, float), "integer": int, "boolean": bool}


class LoggedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted event as the log and the lake keep it: all that is needed to apply it again."""

    product: str
    event_id: str
    entity: str
    event_at: float
    received_at: float
    values: dict[str, str | int | float | bool]


class ReadyEvent(NamedTuple):
    """An event that may be applied: what it contributes, to which entity, and what the log keeps of it."""

    entity: str
    counted: CountedEvent
    logged: LoggedEvent


class RefusedEvent(NamedTuple):
    """Why an event is not taken; `event_id` is empty where it told none."""

    event_id: str
    why: RefusedAs
    problem: str


class Moment(NamedTuple):
    """When events come in, and the latest instant at which one may have happened, in epoch seconds."""

    received_at: float
    latest: float


class _WrongEventError(ValueError):
    """Says what is wrong with an event."""


_Event = dict[str, Scalar]
_EVENTS = msgspec.json.Decoder(_Event)
_LOGGED = msgspec.msgpack.Decoder(LoggedEvent)


def read_json_event(
    product: str, streaming: StreamingFeatures, content: bytes, moment: Moment
) -> ReadyEvent | RefusedEvent:
    """Return an event of the inbox, or why it is refused."""
    try:
        sent = _EVENTS.decode(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return RefusedEvent("", "invalid", f"it is no flat JSON object: {error}")
    return read_event(product, streaming, sent, moment)


def read_event(
    product: str, streaming: StreamingFeatures, sent: Mapping[str, Scalar], moment: Moment
) -> ReadyEvent | RefusedEvent:
    """Return an event ready to be applied, or why it is refused; a bad one never costs its neighbours anything."""
    told = sent.get("event_id")
    event_id = told if isinstance(told, str) else ""
    try:
        _check_id(event_id)
        at = _instant(sent.get("event_at"))
        values = _values(streaming, sent)
        keys = [_key(name, sent.get(name)) for name in streaming.key]
        measures = tuple(_measured(measure, values) for measure in streaming.measures)
    except _WrongEventError as error:
        return RefusedEvent(event_id[:_MOST_ID], "invalid", str(error))
    if at > moment.latest:
        return RefusedEvent(event_id, "from_the_future", "event_at lies ahead of the platform's clock")
    entity = entity_key(keys)
    logged = LoggedEvent(
        product=product, event_id=event_id, entity=entity, event_at=at, received_at=moment.received_at, values=values
    )
    return ReadyEvent(entity, CountedEvent(event_id, at, bucket_of(streaming, at), measures), logged)


def ready_again(streaming: StreamingFeatures, logged: LoggedEvent) -> ReadyEvent | None:
    """Return a logged event as the declaration of today counts it; None where it lacks what is needed now."""
    try:
        measures = tuple(_measured(measure, logged.values) for measure in streaming.measures)
    except (_WrongEventError, KeyError):
        return None
    bucket = bucket_of(streaming, logged.event_at)
    return ReadyEvent(logged.entity, CountedEvent(logged.event_id, logged.event_at, bucket, measures), logged)


def encode_logged(logged: LoggedEvent) -> bytes:
    """Return an accepted event as MessagePack."""
    return msgspec.msgpack.encode(logged)


def decode_logged(content: bytes) -> LoggedEvent:
    """Read an accepted event; raises msgspec.DecodeError for bytes that are none."""
    return _LOGGED.decode(content)


def measures_of(streaming: StreamingFeatures, values: Mapping[str, Scalar]) -> tuple[float, ...]:
    """Return the measures of the fields of an event. Raises ValueError where one cannot be taken."""
    return tuple(_measured(measure, values) for measure in streaming.measures)


def _check_id(event_id: str) -> None:
    if not 1 <= len(event_id) <= _MOST_ID or not all("!" <= letter <= "~" for letter in event_id):
        problem = f"event_id is missing or not 1 to {_MOST_ID} visible ASCII characters"
        raise _WrongEventError(problem)


def _instant(told: Scalar) -> float:
    if isinstance(told, str):
        try:
            return epoch_seconds(parse_instant(told))
        except (ValueError, OverflowError):
            pass
    problem = "event_at is no instant as 2016-12-19T12:02:11Z"
    raise _WrongEventError(problem)


def _key(name: str, told: Scalar) -> str | float:
    if isinstance(told, bool) or not isinstance(told, (str, int, float)) or not 1 <= len(str(told)) <= _MOST_TEXT:
        problem = f"{name} names no entity"
        raise _WrongEventError(problem)
    return told


def _values(streaming: StreamingFeatures, sent: Mapping[str, Scalar]) -> dict[str, str | int | float | bool]:
    known = {"event_id", "event_at", *streaming.key, *(field.name for field in streaming.fields)}
    for name in sorted(sent.keys() - known):
        problem = f"{name[:_MOST_TEXT]!r} is no field of {streaming.event}; known: {', '.join(sorted(known))}"
        raise _WrongEventError(problem)
    return {field.name: _checked(field, sent.get(field.name)) for field in streaming.fields}


def _checked(field: RequestField, told: Scalar) -> str | int | float | bool:
    for problem in _problems(field, told):
        raise _WrongEventError(problem)
    return told if told is not None else ""


def _problems(field: RequestField, told: Scalar) -> Iterator[str]:
    kind = _KINDS.get(field.type, str)
    if not isinstance(told, kind) or (isinstance(told, bool) and field.type != "boolean"):
        yield f"{field.name} is no {field.type}"
    elif isinstance(told, str) and len(told) > _MOST_TEXT:
        yield f"{field.name} is longer than {_MOST_TEXT} characters"
    elif isinstance(told, (int, float)):
        if not math.isfinite(told):
            yield f"{field.name} is not finite"
        elif (field.low is not None and told < field.low) or (field.high is not None and told > field.high):
            yield f"{field.name} is outside {field.low} to {field.high}"


def _measured(measure: Measure, values: Mapping[str, Scalar]) -> float:
    value = _number(values[measure.field])
    if measure.per is not None:
        whole = _number(values[measure.per])
        if not whole:
            problem = f"{measure.per} is 0"
            raise _WrongEventError(problem)
        value /= whole
    if measure.at_most is not None:
        value = min(value, measure.at_most)
    if abs(value) > _MOST_MEASURE:
        problem = f"{measure.name} is beyond {_MOST_MEASURE:,.0f}"
        raise _WrongEventError(problem)
    return value


def _number(told: Scalar) -> float:
    return float(told) if isinstance(told, (int, float)) else math.nan
