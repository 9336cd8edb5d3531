"""The route of the published batch: the file as it lies there, in parts if the caller wants, never copied to memory."""

import asyncio
import os

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from platform_assets.clock import epoch_seconds, from_epoch
from platform_assets.errors import NothingPublishedError, UnknownOutputVersionError
from platform_assets.serving.access import asked_of, require_decided
from platform_assets.serving.gate.guarded_routes import asker_of
from platform_assets.serving.parts import Parts
from platform_assets.serving.published.batches import Offer
from platform_assets.serving.traffic.output_versions import named_version

ARROW = "application/vnd.apache.arrow.file"
PUBLISHED_PATH = "/v1/products/{name}/published"
_NOT_MODIFIED = 304


class OpenFileResponse(FileResponse):
    """Sends a file that was opened before: it is read out whoever removes its name meanwhile."""

    def __init__(self, descriptor: int, headers: dict[str, str]) -> None:
        """Take the open file; it is closed when the answer has ended."""
        self._descriptor = descriptor
        super().__init__(f"/dev/fd/{descriptor}", headers=headers, media_type=ARROW, stat_result=os.fstat(descriptor))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file, or the part that was asked for."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            os.close(self._descriptor)


def published_routes(parts: Parts) -> list[Route]:
    """Return the route over the parts of one app."""
    published = parts.published

    async def answer(request: Request) -> Response:
        name = request.path_params["name"]
        if published is None:
            raise NothingPublishedError(product=name)
        offer = await asyncio.to_thread(published.offer, name)
        version, named = offer.status.batch.output_version, named_version(request.scope["headers"])
        if named not in {None, version}:
            raise UnknownOutputVersionError(product=name, version=named or 0, offered=str(version))
        if version is not None:  # another batch may have been published since the gate
            asker, asked = asker_of(request, parts), asked_of(name, "published_predictions", version, "read")
            require_decided(asker, request.scope, asked)
        headers = _headers(offer)
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=_NOT_MODIFIED, headers=headers)
        try:
            descriptor = await asyncio.to_thread(os.open, offer.path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:  # withdrawn at this moment
            raise NothingPublishedError(product=name) from None
        return OpenFileResponse(descriptor, headers)

    return [Route(PUBLISHED_PATH, answer, methods=["GET"])]


def _headers(offer: Offer) -> dict[str, str]:
    batch = offer.status.batch
    return {
        "ETag": f'"{batch.batch_digest}"',
        "Cache-Control": "private, no-cache",
        "X-Release-Id": batch.release_id,
        "X-Model-Version": str(batch.model_version),
        "X-Output-Version": str(batch.output_version),
        "X-As-Of": _instant(epoch_seconds(batch.stamps.as_of)),
        "X-Valid-Until": _instant(epoch_seconds(offer.status.valid_until)),
        "X-Age-Seconds": f"{offer.age_seconds:.0f}",
        "X-Is-Stale": _truth(is_so=offer.is_stale),
        "X-Action-Allowed": _truth(is_so=offer.action_allowed),
    }


def _instant(seconds: float) -> str:
    return from_epoch(seconds).isoformat().replace("+00:00", "Z")


def _truth(*, is_so: bool) -> str:
    return "true" if is_so else "false"
