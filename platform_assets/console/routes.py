"""Every route of the console."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from platform_assets.console.incidents import see_incident, see_incidents
from platform_assets.console.overview import find, see_overview
from platform_assets.console.pages import style
from platform_assets.console.predictions import ask_replay, see_explanation, see_prediction, see_replay
from platform_assets.console.products import see_product
from platform_assets.console.sign_in import ask_sign_in, sign_in, sign_out

_PREDICTION = "/predictions/{prediction_id}"


async def _health(_: Request) -> Response:
    return PlainTextResponse("ok")


async def _style(_: Request) -> Response:
    return Response(style(), headers={"Cache-Control": "max-age=300"}, media_type="text/css")


ROUTES = [
    Route("/", see_overview),
    Route("/predictions", find),
    Route(_PREDICTION, see_prediction),
    Route(f"{_PREDICTION}/replay", ask_replay),
    Route(f"{_PREDICTION}/replay", see_replay, methods=["POST"]),
    Route(f"{_PREDICTION}/explanation", see_explanation),
    Route("/incidents", see_incidents),
    Route("/incidents/{incident_id:int}", see_incident),
    Route("/products/{name}", see_product),
    Route("/sign-in", ask_sign_in),
    Route("/sign-in", sign_in, methods=["POST"]),
    Route("/sign-out", sign_out, methods=["POST"]),
    Route("/healthz", _health),
    Route("/console.css", _style),
]
