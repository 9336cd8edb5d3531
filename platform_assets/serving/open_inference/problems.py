"""Errors under /v2: the problem details of every other route, with the member `error` that the standard asks for."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from platform_assets.errors import PlatformError
from platform_assets.serving.problems import platform_problem

Handler = Callable[[Request], Awaitable[Response]]


def with_error_member(handler: Handler) -> Handler:
    """Return the handler with every error of ours answered in both shapes at once."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except PlatformError as error:
            return _in_both_shapes(platform_problem(request, error), error)

    return answer


def problem_of(request: Request, error: PlatformError) -> Response:
    """Return the problem as the protocol of the request's path has it."""
    problem = platform_problem(request, error)
    return _in_both_shapes(problem, error) if request.url.path.startswith("/v2") else problem


def _in_both_shapes(problem: Response, error: PlatformError) -> Response:
    content = {**msgspec.json.decode(problem.body), "error": str(error)}
    headers = {name: value for name, value in problem.headers.items() if name != "content-length"}
    return Response(msgspec.json.encode(content), problem.status_code, headers)
