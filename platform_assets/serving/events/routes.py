"""The HTTP route by which events come in."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from platform_assets.errors import NoEventsError
from platform_assets.serving.envelope import read_body
from platform_assets.serving.events.wire import EventsTaken, EventTaken, read_events_sent
from platform_assets.serving.parts import Parts

EVENTS_PATH = "/v1/events/{product}"


def event_routes(parts: Parts) -> list[Route]:
    """Return the route over the parts of one app."""
    desk = parts.events

    async def take(request: Request) -> Response:
        product = request.path_params["product"]
        sent = read_events_sent(await read_body(request.receive))
        if desk is None:
            parts.releases.current(product)
            raise NoEventsError(product=product)
        taken = await desk.take(product, sent.events)
        statuses = [each.status for each in taken]
        answer = EventsTaken(
            product=product,
            accepted=statuses.count("accepted"),
            duplicates=statuses.count("duplicate"),
            refused=statuses.count("refused"),
            events=[EventTaken(**each._asdict()) for each in taken],
        )
        return Response(msgspec.json.encode(answer), media_type="application/json")

    return [Route(EVENTS_PATH, take, methods=["POST"])]
