"""GET /v1/rollouts/{product}: the figures of a rollout under way, as whoever drives it needs them."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from platform_assets.serving.traffic.watch import Watch

ROLLOUT_PATH = "/v1/rollouts/{product}"


def traffic_routes(watch: Watch) -> list[Route]:
    """Return the routes over what is counted."""
    return [Route(ROLLOUT_PATH, _report(watch), methods=["GET"])]


def _report(watch: Watch) -> Callable[[Request], Awaitable[Response]]:
    async def report(request: Request) -> Response:
        told = watch.report(request.path_params["product"])
        return Response(msgspec.json.encode(told), media_type="application/json")

    return report
