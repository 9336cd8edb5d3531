"""The HTTP routes of batch prediction jobs (R401, R402)."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from platform_assets.serving.envelope import read_body
from platform_assets.serving.idempotency import idempotency_key
from platform_assets.serving.jobs.limits import DEFAULT_LISTED_JOBS, MAX_LISTED_JOBS
from platform_assets.serving.jobs.service import Jobs
from platform_assets.serving.jobs.wire import read_batch_request
from platform_assets.serving.listing import asked_limit

_JSON = "application/json"
_ACCEPTED = 202


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
        job = await self._jobs.submit(asked, idempotency_key(request))
        return _json(job, _ACCEPTED, {"Location": f"/v1/jobs/{job.job_id}"})

    async def newest(self, request: Request) -> Response:
        """Tell the newest jobs, at most `limit`."""
        return _json(await self._jobs.newest(asked_limit(request, default=DEFAULT_LISTED_JOBS, most=MAX_LISTED_JOBS)))

    async def job(self, request: Request) -> Response:
        """Tell how far one job is."""
        return _json(await self._jobs.see(request.path_params["job_id"]))

    async def cancel(self, request: Request) -> Response:
        """Cancel a job; doing it again changes nothing."""
        return _json(await self._jobs.cancel(request.path_params["job_id"]))


def _json(content: msgspec.Struct, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(content), status, headers, media_type=_JSON)
