"""Errors on the wire: RFC 9457 problem details, built from the platform's tree of errors."""

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from platform_assets.errors import MethodNotAllowedError, PlatformError, UnauthenticatedError, UnknownRouteError
from platform_assets.serving.request_ids import request_id_of
from platform_assets.serving.wire_problem import MEDIA_TYPE, Problem

_RETRY_AFTER_SECONDS = "1"
_CHALLENGE = 'Bearer realm="platform"'
_ROUTE_MISSING, _METHOD_WRONG = 404, 405


def platform_problem(request: Request, error: Exception) -> Response:
    """Answer with one of our errors."""
    if not isinstance(error, PlatformError):
        raise error
    response = _respond(request, error.code, error.status, str(error), retryable=error.retryable)
    if isinstance(error, UnauthenticatedError):  # RFC 6750: what was wrong is told only where something was sent
        response.headers["WWW-Authenticate"] = (
            _CHALLENGE if error.is_missing else f'{_CHALLENGE}, error="invalid_token"'
        )
    return response


def http_problem(request: Request, error: Exception) -> Response:
    """Answer with what Starlette found: no such route, or not for that method."""
    if not isinstance(error, HTTPException):
        raise error
    path, headers = request.url.path, dict(error.headers or {})
    if error.status_code == _ROUTE_MISSING:
        return platform_problem(request, UnknownRouteError(path=path[:200]))
    if error.status_code == _METHOD_WRONG:
        wrong = MethodNotAllowedError(method=request.method, path=path, allowed=headers.get("Allow", "another method"))
        response = platform_problem(request, wrong)
        response.headers.update(headers)
        return response
    return _respond(request, "http_error", error.status_code, error.detail, retryable=False)


def unexpected_problem(request: Request, error: Exception) -> Response:
    """Answer with a bug of ours: nothing of it is told to the caller, the server logs it under the request id."""
    detail = f"the endpoint failed ({type(error).__name__}): report it with the request id."
    response = _respond(request, "internal_error", 500, detail, retryable=False)
    response.headers["X-Request-Id"] = request_id_of(request.scope)  # this handler stands outside the envelope
    return response


def _respond(request: Request, code: str, status: int, detail: str, *, retryable: bool) -> Response:
    problem = Problem(
        type=f"urn:platform:problem:{code}",
        title=code.replace("_", " ").capitalize(),
        status=status,
        code=code,
        detail=detail,
        request_id=request_id_of(request.scope),
        retryable=retryable,
    )
    headers = {"Retry-After": _RETRY_AFTER_SECONDS} if retryable else {}
    return Response(msgspec.json.encode(problem), status, headers, media_type=MEDIA_TYPE)
