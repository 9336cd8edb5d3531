"""The endpoint of one platform: wiring only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette

from platform_assets.serving.asgi import build_app
from platform_assets.serving.connections import connect_parts
from platform_assets.serving.quick.desk import Desk
from platform_assets.serving.telemetry.self_watch import watching
from platform_assets.serving.traffic.board import RolloutBoard
from platform_assets.serving.traffic.trial_watch import TrialBoard
from platform_assets.serving.workers.board import board_dir
from platform_assets.serving.workers.seat import Seat
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.serving.telemetry.span_export import SpanExport


def create_app(settings: Settings, *, seat: Seat | None = None) -> Starlette:
    """Return the endpoint over the releases and the online store that the settings name; its lifespan loads them.

    With a `seat` it is one of several workers. Raises MissingToolError when traces are asked for and cannot be sent.
    """
    number = 0 if seat is None else seat.number
    connected, spans = connect_parts(settings, worker=number), _span_export(settings)
    metrics = connected.parts.metrics
    if seat is not None:
        metrics.share(seat.board, worker=seat.number, before=seat.before)
        watch, name = connected.parts.heart.traffic.watch, f"worker-{seat.number}"
        watch.share(RolloutBoard(board_dir(settings), name))
        watch.trials.share(TrialBoard(board_dir(settings), name))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with connected.open(), watching(metrics):
            yield
        if spans is not None:
            await asyncio.to_thread(spans.close)

    app = build_app(connected.parts, lifespan, spans=spans)
    if spans is None:  # whose traces are sent on goes the long way
        app.state.desk = Desk(connected.parts.heart)
    return app


def _span_export(settings: Settings) -> "SpanExport | None":
    if settings.otlp_url is None:
        return None
    from platform_assets.serving.telemetry.span_export import otlp_export  # noqa: PLC0415 - costs memory that few want to pay

    return otlp_export(settings.otlp_url)
