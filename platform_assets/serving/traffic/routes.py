"""GET /v1/rollouts/{product} and /v1/experiments/{product}: the live figures of what splits a product's traffic."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from platform_assets.serving.traffic.watch import Watch

ROLLOUT_PATH = "/v1/rollouts/{product}"
EXPERIMENT_PATH = "/v1/experiments/{product}"


def traffic_routes(watch: Watch) -> list[Route]:
    """Return the routes over what is counted."""
    return [
        Route(ROLLOUT_PATH, _answer(watch.report), methods=["GET"]),
        Route(EXPERIMENT_PATH, _answer(watch.trials.report), methods=["GET"]),
    ]


def _answer(report: Callable[[str], msgspec.Struct]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        told = report(request.path_params["product"])
        return Response(msgspec.json.encode(told), media_type="application/json")

    return answer
