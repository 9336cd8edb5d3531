"""The HTTP routes of batch prediction jobs (R401, R402)."""

import re

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from platform_assets.errors import MalformedRequestError
from platform_assets.serving.envelope import read_body
from platform_assets.serving.jobs.limits import DEFAULT_LISTED_JOBS, MAX_KEY_LENGTH, MAX_LISTED_JOBS
from platform_assets.serving.jobs.service import Jobs
from platform_assets.serving.jobs.wire import read_batch_request

_JSON = "application/json"
_ACCEPTED = 202
_KEY = re.compile(rf"[!-~]{{1,{MAX_KEY_LENGTH}}}")
_LIMIT = re.compile(r"[0-9]{1,4}")


def job_routes(jobs: Jobs | None) -> list[Route]:
    """Return the routes of jobs; none for an app that has no directory to keep jobs in."""
    if jobs is None:
        return []
    handlers = JobHandlers(jobs)
    return [
        Route("/v1/batch_predict", handlers.submit, methods=["POST"]),
        Route("/v1/jobs", handlers.newest, methods=["GET"]),
        Route("/v1/jobs/{job_id}", handlers.job, methods=["GET"]),
        Route("/v1/jobs/{job_id}/cancel", handlers.cancel, methods=["POST"]),
    ]


class JobHandlers:
    """One method per route."""

    def __init__(self, jobs: Jobs) -> None:
        """Take the jobs."""
        self._jobs = jobs

    async def submit(self, request: Request) -> Response:
        """Accept a job; see wire.BatchRequest. With an Idempotency-Key, a repeated request gets the same job."""
        asked = read_batch_request(await read_body(request.receive))
        job = await self._jobs.submit(asked, _idempotency_key(request))
        return _json(job, _ACCEPTED, {"Location": f"/v1/jobs/{job.job_id}"})

    async def newest(self, request: Request) -> Response:
        """Tell the newest jobs, at most `limit`."""
        return _json(await self._jobs.newest(_limit(request)))

    async def job(self, request: Request) -> Response:
        """Tell how far one job is."""
        return _json(await self._jobs.see(request.path_params["job_id"]))

    async def cancel(self, request: Request) -> Response:
        """Cancel a job; doing it again changes nothing."""
        return _json(await self._jobs.cancel(request.path_params["job_id"]))


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        problem = f"1 to {MAX_KEY_LENGTH} visible ASCII characters are a key"
        raise MalformedRequestError(where="Idempotency-Key", problem=problem)
    return key


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(DEFAULT_LISTED_JOBS))
    if not _LIMIT.fullmatch(text) or not 1 <= int(text) <= MAX_LISTED_JOBS:
        raise MalformedRequestError(where="limit", problem=f"expected 1 to {MAX_LISTED_JOBS}")
    return int(text)


def _json(content: msgspec.Struct, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(content), status, headers, media_type=_JSON)
