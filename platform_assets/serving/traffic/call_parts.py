"""A call is cut by the releases that answer its rows; its answers are put together again in the order of the rows."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec import UNSET

from platform_assets.contract.experiments import Assigned
from platform_assets.errors import MalformedRequestError
from platform_assets.serving.asked import Asked
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.row_schema import RowSchema
from platform_assets.serving.rows import Rows, key_text, read_plain_rows, read_rows
from platform_assets.serving.traffic.choice import Choice, choose
from platform_assets.serving.traffic.facts import Facts
from platform_assets.serving.traffic.split import Split
from platform_assets.serving.wire import Answer, Answers, PlainRequest, PredictRequest, Row, SingleAnswer

Answered = Answers | SingleAnswer


class Part(NamedTuple):
    """The rows of a call, by their positions in it, that one release answers for one reason."""

    choice: Choice
    positions: list[int]


def cut(asked: Asked, split: Split, facts: Facts) -> list[Part]:
    """Return the parts of a call, in the order in which their first rows stand in it."""
    (_, key), *_ = asked.live.schema.keys
    parts: dict[tuple[str, Assigned | None], Part] = {}
    for position, row in enumerate(asked.rows.fields):
        choice = choose(split, facts, key_text(row[key]))
        part = parts.setdefault((choice.live.release.release_id, choice.assigned), Part(choice, []))
        part.positions.append(position)
    return list(parts.values())


def asked_of(asked: Asked, part: Part) -> Asked:
    """Return what is asked of the release of a part; raises MalformedRequestError where it cannot read the rows."""
    live, rows = part.choice.live, asked.rows
    if live is not asked.live and not _reads_alike(live, asked.live):
        rows = _read_again(live.schema, asked.request)
    if len(part.positions) < len(rows.fields):
        rows = _taken(rows, part.positions)
    return asked._replace(live=live, rows=rows, assigned=part.choice.assigned)


def merged(parts: Sequence[Part], answered: Sequence[Answered]) -> Answered:
    """Return one answer of a call from those of its parts; several parts are put together row by row."""
    if len(answered) == 1:
        return answered[0]
    rows: dict[int, Answer] = {}
    for part, answers in zip(parts, answered, strict=True):
        rows.update(zip(part.positions, predictions(answers), strict=True))
    ordered = [rows[position] for position in sorted(rows)]
    many = next(answers for answers in answered if isinstance(answers, Answers))
    latency_ms = max(answers.latency_ms for answers in answered)
    return msgspec.structs.replace(many, release_id=ordered[0].release_id, latency_ms=latency_ms, predictions=ordered)


def predictions(answers: Answered) -> Sequence[Answer]:
    """Return the rows of an answer of either form."""
    return answers.predictions if isinstance(answers, Answers) else (answers,)


def _reads_alike(one: LiveRelease, other: LiveRelease) -> bool:
    """Tell whether the rows of both are the same tuples."""
    ours, theirs = one.schema, other.schema
    return (list(ours.fields.values()), list(ours.stored), ours.row_keys, ours.max_rows) == (
        list(theirs.fields.values()),
        list(theirs.stored),
        theirs.row_keys,
        theirs.max_rows,
    )


def _read_again(schema: RowSchema, request: PredictRequest | PlainRequest) -> Rows:
    if isinstance(request, PredictRequest):
        return read_rows(schema, request)
    rows = read_plain_rows(schema, request)
    return read_rows(schema, _in_full(request)) if rows is None else rows


def _in_full(request: PlainRequest) -> PredictRequest:
    try:
        return PredictRequest(
            product=request.product,
            entities=request.entities,
            rows=msgspec.json.decode(request.rows, type=list[Row]) if request.rows else None,
            model=request.model,
            features=msgspec.json.decode(request.features, type=Row) if request.features else None,
            event_at=request.event_at,
        )
    except msgspec.ValidationError as error:
        raise MalformedRequestError(where="$", problem=str(error)) from error


def _taken(rows: Rows, positions: Sequence[int]) -> Rows:
    fields = [rows.fields[position] for position in positions]
    if rows.stored is None:
        return Rows(fields, None, needs_lookup=True, event_at=rows.event_at)
    stored = [rows.stored[position] for position in positions]
    return Rows(fields, stored, needs_lookup=any(UNSET in row for row in stored), event_at=rows.event_at)
