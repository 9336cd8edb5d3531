"""What travels over HTTP about batch prediction jobs, as typed structs."""

import datetime as dt
from typing import Annotated

import msgspec

from platform_assets.errors import MalformedRequestError, UnreadableBodyError
from platform_assets.serving.jobs.limits import DEFAULT_BATCH_SIZE, MAX_BATCH_SIZE, MAX_URI_LENGTH
from platform_assets.serving.jobs.record import JobProblem, ShownStatus
from platform_assets.serving.values import read_instant
from platform_assets.serving.wire import Name

Uri = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_URI_LENGTH)]
BatchSize = Annotated[int, msgspec.Meta(ge=1, le=MAX_BATCH_SIZE)]


class BatchRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /v1/batch_predict (R401): a product, named once as `model` or `product`, and two files.

    `batch_size` is how many rows are scored and committed together; a chunk has at least 1,000 rows all the same.
    `event_at` is ISO 8601 text: the instant that all rows stand for.
    """

    model: Name | None = None
    product: Name | None = None
    input_uri: Uri
    output_uri: Uri
    batch_size: BatchSize = DEFAULT_BATCH_SIZE
    event_at: Name | None = None

    @property
    def product_name(self) -> str:
        """The product that is named; raises MalformedRequestError unless there is exactly one."""
        named = [name for name in (self.product, self.model) if name is not None]
        if len(named) != 1:
            raise MalformedRequestError(where="$", problem="name the product once, as model or as product")
        return named[0]


class JobSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One job as a caller sees it (R402, X22); everything about progress is derived from the committed chunks.

    `progress` is text like "10%", `progress_ratio` the same from 0 to 1. `rows_total` is null until the input was
    counted, `rows_per_second` until a chunk was measured, `eta_seconds` while either is. `rows_failed` of `rows_done`
    were wrong: they are in the output with an error and no score.
    """

    job_id: str
    status: ShownStatus
    progress: str
    progress_ratio: float
    rows_done: int
    rows_failed: int
    rows_total: int | None
    rows_per_second: float | None
    eta_seconds: float | None
    product: str
    release_id: str
    model_version: int
    input_uri: str
    output_uri: str
    batch_size: int
    event_at: str | None
    created_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    error: JobProblem | None


class JobsSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The newest jobs first; `total` counts those that are kept."""

    jobs: list[JobSeen]
    total: int


_REQUESTS = msgspec.json.Decoder(BatchRequest)


def read_batch_request(body: bytes) -> BatchRequest:
    """Return the request of a body. Raises UnreadableBodyError (400) and MalformedRequestError (422) with the path."""
    try:
        request = _REQUESTS.decode(body)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at ")
        raise MalformedRequestError(where=path.strip("`") or "$", problem=problem) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise UnreadableBodyError(problem=str(error) or type(error).__name__) from None
    if request.event_at is not None:
        read_instant(request.event_at, "$.event_at")
    return request
