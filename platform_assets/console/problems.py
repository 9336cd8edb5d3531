"""Errors as pages that say what to do, or as RFC 9457 problem details for programs."""

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from platform_assets.console.pages import render, wants_json
from platform_assets.console.safe_headers import SAFE_HEADERS
from platform_assets.errors import (
    MethodNotAllowedError,
    PlatformError,
    UnauthenticatedError,
    UnknownRouteError,
)
from platform_assets.serving.request_ids import request_id_of
from platform_assets.serving.wire_problem import MEDIA_TYPE, Problem

_ROUTE_MISSING, _METHOD_WRONG = 404, 405
_RETRY_AFTER_SECONDS = "2"


def problem_of(request: Request, error: Exception) -> Response:
    """Answer with one of our errors; one about a missing credential is the form to sign in with."""
    if not isinstance(error, PlatformError):
        raise error
    problem = _problem(request, error.code, error.status, str(error), is_retryable=error.retryable)
    headers = {"Retry-After": _RETRY_AFTER_SECONDS} if error.retryable else {}
    if isinstance(error, UnauthenticatedError):
        headers["WWW-Authenticate"] = "Bearer"
        if not wants_json(request) and request.method == "GET":
            problem_text = None if error.is_missing else str(error)
            place = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return render(request, "sign_in.html", {"problem": problem_text, "next": place}, status=401)
    return _respond(request, problem, headers)


def http_problem(request: Request, error: Exception) -> Response:
    """Answer with what Starlette found: no such page, or not for that method."""
    if not isinstance(error, HTTPException):
        raise error
    path, headers = request.url.path[:200], dict(error.headers or {})
    if error.status_code == _ROUTE_MISSING:
        return problem_of(request, UnknownRouteError(path=path))
    if error.status_code == _METHOD_WRONG:
        allowed = headers.get("Allow", "another method")
        response = problem_of(request, MethodNotAllowedError(method=request.method, path=path, allowed=allowed))
        response.headers.update(headers)
        return response
    return _respond(
        request, _problem(request, "http_error", error.status_code, error.detail, is_retryable=False), headers
    )


def unexpected_problem(request: Request, error: Exception) -> Response:
    """Answer with a bug of ours: nothing of it is told, the server logs it."""
    detail = f"the console failed ({type(error).__name__}): report it with the request id."
    response = _respond(request, _problem(request, "internal_error", 500, detail, is_retryable=False), {})
    # It is made outside the envelope that tells all others.
    response.headers.update({**SAFE_HEADERS, "X-Request-Id": request_id_of(request.scope)})
    return response


def _problem(request: Request, code: str, status: int, detail: str, *, is_retryable: bool) -> Problem:
    return Problem(
        type=f"urn:platform:problem:{code}",
        title=code.replace("_", " ").capitalize(),
        status=status,
        code=code,
        detail=detail,
        request_id=request_id_of(request.scope),
        retryable=is_retryable,
    )


def _respond(request: Request, problem: Problem, headers: dict[str, str]) -> Response:
    if wants_json(request):
        return Response(msgspec.json.encode(problem), problem.status, headers, media_type=MEDIA_TYPE)
    response = render(request, "problem.html", {"problem": problem}, status=problem.status)
    response.headers.update(headers)
    return response
