"""The HTTP routes of batch prediction jobs (R401, R402)."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from platform_assets.access.caller import Asked
from platform_assets.access.words import UNVERSIONED, Action, facility
from platform_assets.errors import AccessDeniedError, UnknownJobError
from platform_assets.serving.envelope import read_body
from platform_assets.serving.gate.guarded_routes import asker_of
from platform_assets.serving.idempotency import idempotency_key
from platform_assets.serving.jobs.limits import DEFAULT_LISTED_JOBS, MAX_LISTED_JOBS
from platform_assets.serving.jobs.service import Jobs
from platform_assets.serving.jobs.wire import read_batch_request
from platform_assets.serving.listing import asked_limit
from platform_assets.serving.parts import Parts

_JSON = "application/json"
_ACCEPTED = 202


def job_routes(parts: Parts) -> list[Route]:
    """Return the routes of jobs; none for an app that has no directory to keep jobs in."""
    if parts.jobs is None:
        return []
    handlers = JobHandlers(parts, parts.jobs)
    return [
        Route("/v1/batch_predict", handlers.submit, methods=["POST"]),
        Route("/v1/jobs", handlers.newest, methods=["GET"]),
        Route("/v1/jobs/{job_id}", handlers.job, methods=["GET"]),
        Route("/v1/jobs/{job_id}/cancel", handlers.cancel, methods=["POST"]),
    ]


class JobHandlers:
    """One method per route."""

    def __init__(self, parts: Parts, jobs: Jobs) -> None:
        """Take the jobs, and the parts that decide about callers."""
        self._parts = parts
        self._jobs = jobs

    async def submit(self, request: Request) -> Response:
        """Accept a job; see wire.BatchRequest. With an Idempotency-Key, a repeated request gets the same job."""
        asked, asker = read_batch_request(await read_body(request.receive)), asker_of(request, self._parts)
        asker.require(self._parts.heart.asked_for(asked.product_name, "submit"))
        job = await self._jobs.submit(asked, idempotency_key(request), by=asker.subject)
        return _json(job, _ACCEPTED, {"Location": f"/v1/jobs/{job.job_id}"})

    async def newest(self, request: Request) -> Response:
        """Tell the newest jobs, at most `limit`: the caller's own, or all for who looks after them."""
        asker, limit = (
            asker_of(request, self._parts),
            asked_limit(request, default=DEFAULT_LISTED_JOBS, most=MAX_LISTED_JOBS),
        )
        sees_all = asker.may(_jobs("observe"))
        (asker.require if sees_all else asker.own)(_jobs("observe"))
        return _json(await self._jobs.newest(limit, of=None if sees_all else asker.subject))

    async def job(self, request: Request) -> Response:
        """Tell how far one job is."""
        return _json(await self._jobs.see(await self._own(request, "observe")))

    async def cancel(self, request: Request) -> Response:
        """Cancel a job; doing it again changes nothing."""
        return _json(await self._jobs.cancel(await self._own(request, "operate")))

    async def _own(self, request: Request, action: Action) -> str:
        """Return the id of a job that is the caller's, or that the caller looks after; any other is unknown."""
        job_id, asker = request.path_params["job_id"], asker_of(request, self._parts)
        if await self._jobs.submitter(job_id) == asker.subject:
            asker.own(_jobs(action))
            return str(job_id)
        try:
            asker.require(_jobs(action))
        except AccessDeniedError:
            raise UnknownJobError(job_id=job_id[:80]) from None
        return str(job_id)


def _jobs(action: Action) -> Asked:
    return Asked(facility("jobs"), UNVERSIONED, action)


def _json(content: msgspec.Struct, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(content), status, headers, media_type=_JSON)
