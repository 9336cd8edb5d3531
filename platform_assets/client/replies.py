"""What a reply means: an answer of the expected type, or an error that says what the endpoint said."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeVar

import msgspec

from platform_assets.client.calls import Call
from platform_assets.client.steps import Broken, Reply
from platform_assets.client.tolerance import read_answer
from platform_assets.errors import (
    ClientError,
    EndpointRefusedError,
    EndpointUnavailableError,
    EndpointUnreachableError,
    UnreadableAnswerError,
)
from platform_assets.serving.wire_problem import MEDIA_TYPE, Problem

T = TypeVar("T")
_MOST_SHOWN = 200
# A gateway in between says these without a problem of ours; all of them mean: not now.
_PASSING = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a call has no answer; `asked_s` is how long the endpoint asks to wait before a repeat."""

    error: ClientError
    asked_s: float | None = None


def read_reply(call: Call[T], reply: Reply | Broken, *, request_id: str) -> T | Failure:
    """Return the answer of a call, or why there is none."""
    if isinstance(reply, Broken):
        return Failure(EndpointUnreachableError(path=call.path, reason=reply.reason, request_id=request_id))
    is_problem = reply.headers.get("content-type", "").startswith(MEDIA_TYPE)
    if reply.status not in call.answers or is_problem:
        return _failure(reply, _problem(reply, request_id))
    try:
        return read_answer(call.kind, reply.content)
    except (msgspec.DecodeError, UnicodeError) as error:
        return Failure(UnreadableAnswerError(path=call.path, problem=str(error), request_id=request_id))


def _problem(reply: Reply, request_id: str) -> Problem:
    try:
        return read_answer(Problem, reply.content)
    except (msgspec.DecodeError, UnicodeError):
        shown = reply.content[:_MOST_SHOWN].decode("utf-8", "replace")
        return Problem(
            type="about:blank",
            title="No problem details",
            status=reply.status,
            code=f"http_{reply.status}",
            detail=f"status {reply.status} without problem details: {shown!r}",
            request_id=reply.headers.get("x-request-id", request_id),
            retryable=reply.status in _PASSING,
        )


def _failure(reply: Reply, problem: Problem) -> Failure:
    kind = EndpointUnavailableError if problem.retryable else EndpointRefusedError
    error = kind(
        problem_code=problem.code, http_status=reply.status, detail=problem.detail, request_id=problem.request_id
    )
    return Failure(error, _asked_s(reply.headers))


def _asked_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of Retry-After; a date counts from the date of the answer, not from a clock of ours."""
    told = headers.get("retry-after", "").strip()
    if told.isascii() and told.isdecimal():
        return float(told)
    try:
        until, sent = parsedate_to_datetime(told), parsedate_to_datetime(headers.get("date", ""))
        return max(0.0, (until - sent).total_seconds())
    except (ValueError, TypeError):  # one of the two is no date, or only one has a zone
        return None
