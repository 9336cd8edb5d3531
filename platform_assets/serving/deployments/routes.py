"""The HTTP routes of deployments (R403-R405)."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from platform_assets.access.caller import Asked
from platform_assets.access.words import UNVERSIONED
from platform_assets.errors import AccessDeniedError, UnknownDeploymentError, UnknownProductError
from platform_assets.serving.access import asked_of
from platform_assets.serving.deployments.service import Caller, Deployments, product_of
from platform_assets.serving.deployments.shown import show
from platform_assets.serving.deployments.wire import DEFAULT_LISTED, MAX_LISTED, DeploymentsSeen, read_deploy_request
from platform_assets.serving.envelope import read_body
from platform_assets.serving.gate.guarded_routes import asker_of
from platform_assets.serving.idempotency import idempotency_key
from platform_assets.serving.listing import asked_limit
from platform_assets.serving.parts import Parts

_JSON = "application/json"


def deployment_routes(parts: Parts) -> list[Route]:
    """Return the routes of deployments; none for an app that moves no live pointer."""
    if parts.deployments is None:
        return []
    handlers = DeploymentHandlers(parts, parts.deployments)
    return [
        Route("/v1/models/{model}/deploy", handlers.deploy, methods=["POST"]),
        Route("/v1/deployments", handlers.newest, methods=["GET"]),
        Route("/v1/deployments/{deployment_id}", handlers.deployment, methods=["GET"]),
    ]


class DeploymentHandlers:
    """One method per route."""

    def __init__(self, parts: Parts, deployments: Deployments) -> None:
        """Take the deployments, and the parts that obey them."""
        self._parts = parts
        self._deployments = deployments

    async def deploy(self, request: Request) -> Response:
        """Begin a deployment and take it in at once; see wire.DeployRequest."""
        product = request.path_params["model"]
        caller = Caller(subject=asker_of(request, self._parts).subject, key=idempotency_key(request))
        asked = read_deploy_request(await read_body(request.receive))
        if product not in self._parts.releases.states:
            raise UnknownProductError(product=product, known=", ".join(self._parts.releases.states))
        begun = await self._deployments.deploy(product, asked, caller)
        await self._parts.refresh(only=product, again=True)
        return await self._see(begun, {"Location": f"/v1/deployments/{begun}"})

    async def newest(self, request: Request) -> Response:
        """Tell the newest deployments of the products whose releases the caller may see, at most `limit`."""
        hidden = self._hidden(request)
        limit = asked_limit(request, default=DEFAULT_LISTED, most=MAX_LISTED)
        batch_only = {name for name, each in self._parts.releases.states.items() if each.state == "batch_only"}
        found = await self._deployments.newest(limit, but=batch_only | hidden)
        seen = [show(each, self._deployments.settings, self._parts.releases) for each in found]
        return _json(DeploymentsSeen(deployments=seen))

    async def deployment(self, request: Request) -> Response:
        """Tell where one deployment is; one that the caller may not see is as unknown as one that never was."""
        wanted = request.path_params["deployment_id"]
        product = product_of(wanted)
        try:
            asker_of(request, self._parts).require(_releases(product or "unknown"))
        except AccessDeniedError:
            raise UnknownDeploymentError(deployment_id=wanted) from None
        return await self._see(wanted)

    def _hidden(self, request: Request) -> set[str]:
        """Return the products whose releases the caller may not see; raises AccessDeniedError when these are all."""
        asker, products = asker_of(request, self._parts), list(self._parts.releases.states)
        hidden = {product for product in products if not asker.may(_releases(product))}
        seen = [product for product in products if product not in hidden]
        asker.require(_releases(seen[0] if seen else (products or ["unknown"])[0]))
        return hidden

    async def _see(self, wanted: str, headers: dict[str, str] | None = None) -> Response:
        found = await self._deployments.see(wanted)
        return _json(show(found, self._deployments.settings, self._parts.releases), headers)


def _releases(product: str) -> Asked:
    return asked_of(product, "releases", UNVERSIONED, "observe")


def _json(content: msgspec.Struct, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(content), headers=headers, media_type=_JSON)
