"""The Starlette application over given parts: routes, the envelope, and problem+json for every error."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import Lifespan

from platform_assets.errors import PlatformError
from platform_assets.serving.access import OPEN_ACCESS
from platform_assets.serving.envelope import Envelope, Spans
from platform_assets.serving.gate.gate import Gate, OwnPagesOnly
from platform_assets.serving.gate.guarded_routes import guard_routes
from platform_assets.serving.parts import Parts
from platform_assets.serving.predict_route import PredictRoute, ShortCut
from platform_assets.serving.problems import http_problem, platform_problem, unexpected_problem
from platform_assets.serving.routes import build_routes


def build_app(parts: Parts, lifespan: Lifespan[Starlette] | None = None, *, spans: Spans | None = None) -> Starlette:
    """Return an app over parts; without a `lifespan` somebody else loads and closes them."""
    app = Starlette(
        routes=guard_routes(build_routes(parts), parts),
        middleware=[
            Middleware(Envelope, metrics=parts.metrics, spans=spans),
            *([Middleware(OwnPagesOnly)] if parts.heart.access is OPEN_ACCESS else []),
            Middleware(Gate, access=parts.heart.access),
            Middleware(ShortCut, route=PredictRoute(parts.heart)),
        ],
        exception_handlers={
            PlatformError: platform_problem,
            HTTPException: http_problem,
            Exception: unexpected_problem,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a redirect would be built from what the caller calls this host
    return app
