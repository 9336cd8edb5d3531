"""The HTTP routes: each reads its request, calls one function and encodes what comes back."""

import datetime as dt

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from platform_assets.access.words import UNVERSIONED
from platform_assets.contract.ages import business_now
from platform_assets.errors import LoopbackOnlyError
from platform_assets.serving.access import asked_of
from platform_assets.serving.aliases.routes import alias_routes
from platform_assets.serving.catalogue import see_product, see_products
from platform_assets.serving.deployments.routes import deployment_routes
from platform_assets.serving.envelope import LOOPBACK
from platform_assets.serving.events.routes import event_routes
from platform_assets.serving.experiments.routes import experiment_routes
from platform_assets.serving.gate.guarded_routes import asker_of
from platform_assets.serving.health import Alive, Health, Readiness
from platform_assets.serving.jobs.routes import job_routes
from platform_assets.serving.last_predictions.routes import last_prediction_routes
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.open_inference.routes import open_inference_routes
from platform_assets.serving.openapi.routes import description_routes
from platform_assets.serving.parts import Parts
from platform_assets.serving.predict_route import PREDICT_PATH, PredictRoute
from platform_assets.serving.published.routes import published_routes
from platform_assets.serving.telemetry import metrics as exposition
from platform_assets.serving.traffic.routes import traffic_routes

_JSON = "application/json"
_ENCODER = msgspec.json.Encoder()


def build_routes(parts: Parts) -> list[Route]:
    """Return every route over the parts of one app."""
    handlers = Handlers(parts)
    return [
        Route(PREDICT_PATH, PredictRoute(parts.heart), methods=["POST"]),
        Route("/v1/products", handlers.products, methods=["GET"]),
        Route("/v1/products/{name}", handlers.product, methods=["GET"]),
        Route("/v1/products/{name}/reload", handlers.reload, methods=["POST"]),
        Route("/health", handlers.health, methods=["GET"]),
        Route("/livez", handlers.livez, methods=["GET"]),
        Route("/readyz", handlers.readyz, methods=["GET"]),
        Route("/metrics", handlers.metrics, methods=["GET"]),
        *description_routes(parts),
        *alias_routes(parts),
        *last_prediction_routes(parts),
        *published_routes(parts),
        *event_routes(parts),
        *open_inference_routes(parts),
        *job_routes(parts),
        *traffic_routes(parts.heart.traffic.watch),
        *deployment_routes(parts),
        *experiment_routes(parts),
    ]


class Handlers:
    """One method per route."""

    def __init__(self, parts: Parts) -> None:
        """Take the parts that the routes call."""
        self._parts = parts

    def _business_now(self, live: LiveRelease) -> dt.datetime:
        heart = self._parts.heart
        return business_now(live.product, heart.clock, heart.wall())

    async def products(self, request: Request) -> Response:
        """Tell the contract of every product that the caller has to do with."""
        asker = asker_of(request, self._parts)
        found = await see_products(
            self._parts.releases,
            self._parts.features,
            self._business_now,
            is_shown=lambda name: asker.may(asked_of(name, "contract", UNVERSIONED, "describe")),
        )
        return _json(found)

    async def product(self, request: Request) -> Response:
        """Tell the contract of one product."""
        name = request.path_params["name"]
        return _json(await see_product(self._parts.releases, self._parts.features, self._business_now, name))

    async def reload(self, request: Request) -> Response:
        """Look at the live pointer at once, also at a release that failed before; for callers on this machine."""
        if request.client is None or request.client.host not in LOOPBACK:
            raise LoopbackOnlyError(path=request.url.path)
        name = request.path_params["name"]
        await self._parts.refresh(only=name, again=True)
        return _json(await see_product(self._parts.releases, self._parts.features, self._business_now, name))

    async def health(self, _: Request) -> Response:
        """Tell the state of every product and component."""
        health = await self._parts.examine()
        return _json(health, status=_status(health))

    async def livez(self, _: Request) -> Response:
        """Tell that the process answers."""
        return _json(Alive())

    async def readyz(self, _: Request) -> Response:
        """Tell whether every released product can be answered."""
        health = await self._parts.examine()
        failing = [name for name, each in health.products.items() if each.status == "failing"]
        return _json(Readiness(health.is_ready, failing), status=_status(health))

    async def metrics(self, _: Request) -> Response:
        """Tell Prometheus."""
        return Response(self._parts.metrics.render(), headers={"Content-Type": exposition.CONTENT_TYPE})


def _json(content: object, *, status: int = 200) -> Response:
    return Response(_ENCODER.encode(content), status, media_type=_JSON)


def _status(health: Health) -> int:
    return 200 if health.is_ready else 503
