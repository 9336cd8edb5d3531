"""The operations of batch prediction jobs, for the description of the endpoint."""

from typing import Annotated

import msgspec

from platform_assets.errors import (
    BodyTooLargeError,
    JobStorageError,
    KeyReusedError,
    MalformedRequestError,
    NoReleaseError,
    OutputExistsError,
    PathRefusedError,
    TooManyJobsError,
    UnknownJobError,
    UnknownProductError,
    UnreadableBodyError,
)
from platform_assets.serving.idempotency import MAX_KEY_LENGTH
from platform_assets.serving.jobs.limits import DEFAULT_LISTED_JOBS, MAX_LISTED_JOBS
from platform_assets.serving.jobs.wire import BatchRequest, JobSeen, JobsSeen
from platform_assets.serving.openapi.operation import Operation, Parameter, Reply

_GROUP = "Batch prediction jobs"
_KEY = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_KEY_LENGTH, pattern="^[!-~]+$")]
_JOB_ID = Parameter(name="job_id", place="path", description="The id of the job.")
_SUBMIT_ERRORS = (
    UnreadableBodyError,
    MalformedRequestError,
    BodyTooLargeError,
    UnknownProductError,
    NoReleaseError,
    PathRefusedError,
    OutputExistsError,
    KeyReusedError,
    TooManyJobsError,
    JobStorageError,
)


def operations() -> tuple[Operation, ...]:
    """Return the operations in the order of a job's life."""
    return (_submit(), *_look(), _cancel())


def _submit() -> Operation:
    return Operation(
        method="POST",
        path="/v1/batch_predict",
        operation_id="batch_predict",
        group=_GROUP,
        summary="Predict for all rows of a file.",
        description="Input and output are Parquet or CSV files below the directories that the endpoint allows. One "
        "release answers all rows; a row that is wrong gets an error and no score.",
        parameters=(
            Parameter(
                name="Idempotency-Key",
                place="header",
                description="The same key with the same request is answered with the same job.",
                kind=_KEY,
            ),
        ),
        request=BatchRequest,
        examples={
            "parquet": {
                "model": "<product>",
                "input_uri": "rows.parquet",
                "output_uri": "predictions.parquet",
                "batch_size": 1000,
            }
        },
        replies={202: Reply(description="The job; its address is in the Location header.", kinds=(JobSeen,))},
        errors=_SUBMIT_ERRORS,
    )


def _look() -> tuple[Operation, ...]:
    limit = Parameter(
        name="limit",
        place="query",
        description=f"How many jobs; {DEFAULT_LISTED_JOBS} unless told.",
        kind=Annotated[int, msgspec.Meta(ge=1, le=MAX_LISTED_JOBS)],
    )
    return (
        Operation(
            method="GET",
            path="/v1/jobs",
            operation_id="jobs",
            group=_GROUP,
            summary="The newest jobs first.",
            parameters=(limit,),
            replies={200: Reply(description="The jobs.", kinds=(JobsSeen,))},
            errors=(MalformedRequestError,),
        ),
        Operation(
            method="GET",
            path="/v1/jobs/{job_id}",
            operation_id="job",
            group=_GROUP,
            summary="How far a job is, at which rate, and when it will be done.",
            parameters=(_JOB_ID,),
            replies={200: Reply(description="The job.", kinds=(JobSeen,))},
            errors=(UnknownJobError,),
        ),
    )


def _cancel() -> Operation:
    return Operation(
        method="POST",
        path="/v1/jobs/{job_id}/cancel",
        operation_id="cancel_job",
        group=_GROUP,
        summary="Cancel a job; doing it again changes nothing, and a job that has ended stays as it is.",
        parameters=(_JOB_ID,),
        replies={200: Reply(description="The job as cancelled, or as cancelling.", kinds=(JobSeen,))},
        errors=(UnknownJobError,),
    )
