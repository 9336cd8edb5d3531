"""The HTTP routes by which experiments are created, started and stopped."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from platform_assets.errors import UnknownProductError
from platform_assets.serving.envelope import read_body
from platform_assets.serving.experiments.service import Action, Asked, Experiments
from platform_assets.serving.experiments.wire import read_change_wanted, read_experiment_wanted
from platform_assets.serving.gate.guarded_routes import asker_of
from platform_assets.serving.idempotency import idempotency_key
from platform_assets.serving.parts import Parts
from platform_assets.serving.traffic.routes import EXPERIMENT_PATH

START_PATH = EXPERIMENT_PATH + "/{experiment}/start"
STOP_PATH = EXPERIMENT_PATH + "/{experiment}/stop"
_CREATED = 201


def experiment_routes(parts: Parts) -> list[Route]:
    """Return the routes that change experiments."""
    handlers = ExperimentHandlers(parts)
    return [
        Route(EXPERIMENT_PATH, handlers.create, methods=["POST"]),
        Route(START_PATH, handlers.start, methods=["POST"]),
        Route(STOP_PATH, handlers.stop, methods=["POST"]),
    ]


class ExperimentHandlers:
    """One method per route."""

    def __init__(self, parts: Parts) -> None:
        """Take the parts that obey the experiments."""
        self._parts = parts
        self._experiments = Experiments(parts.releases.pointers, parts.releases.wall)

    async def create(self, request: Request) -> Response:
        """Store a draft; see wire.ExperimentWanted."""
        product = request.path_params["product"]
        subject, key = asker_of(request, self._parts).subject, idempotency_key(request)
        wanted = read_experiment_wanted(await read_body(request.receive))
        asked = Asked(action="create", product=product, experiment=wanted.id, request=wanted, subject=subject, key=key)
        await self._experiments.create(self._parts.releases.current(product).product, wanted, asked)
        return await self._see(asked, status=_CREATED)

    async def start(self, request: Request) -> Response:
        """Let a draft assign, and take it in at once."""
        asked = await self._change(request, "start")
        await self._experiments.start(asked)
        await self._parts.refresh(only=asked.product)
        return await self._see(asked)

    async def stop(self, request: Request) -> Response:
        """Assign nobody any more, here at once."""
        asked = await self._change(request, "stop")
        await self._experiments.stop(asked)
        await self._parts.refresh(only=asked.product)
        return await self._see(asked)

    async def _change(self, request: Request, action: Action) -> Asked:
        product, experiment = request.path_params["product"], request.path_params["experiment"]
        subject, key = asker_of(request, self._parts).subject, idempotency_key(request)
        wanted = read_change_wanted(await read_body(request.receive))
        if product not in self._parts.releases.states:
            raise UnknownProductError(product=product, known=", ".join(self._parts.releases.states))
        return Asked(action=action, product=product, experiment=experiment, request=wanted, subject=subject, key=key)

    async def _see(self, asked: Asked, *, status: int = 200) -> Response:
        found = await self._experiments.see(asked.product, asked.experiment)
        return Response(msgspec.json.encode(found), status, media_type="application/json")
