"""How uvicorn serves the endpoint: one event loop, deliberate limits, and an end that answers what is in flight."""

import asyncio
import functools
import gc
import resource
import socket
from typing import cast

import uvicorn
from starlette.applications import Starlette
from uvicorn.config import LOGGING_CONFIG

from platform_assets.serving.bounded_head import BoundedHeadProtocol
from platform_assets.serving.limits import MAX_CONNECTIONS
from platform_assets.serving.quick.desk import Desk
from platform_assets.serving.quick.protocol import QuickProtocol
from platform_assets.serving.telemetry.json_logs import json_log_config
from platform_assets.serving.workers.listeners import BACKLOG, HOST
from platform_assets.settings import Settings

DRAIN_SECONDS = 10  # what is in flight at the end has this long; then the log is flushed
_KEEP_ALIVE_SECONDS = 75  # longer than the pools of common clients, so that they close first
_COLLECT_AFTER = (20_000, 20, 50)  # Python: 700, 10, 10
_OWN_FILES = 128  # left for the store, the log, the releases and the standard streams


def serve(app: Starlette, settings: Settings, *, listener: socket.socket | None = None) -> None:
    """Serve until a signal, on a listening socket or else on the port of the settings.

    At the end what is in flight is answered and the log is flushed.
    """
    config = uvicorn.Config(
        app,
        host=HOST,
        port=settings.endpoint_port,
        loop="uvloop",
        http=_protocol(app),
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=json_log_config() if settings.log_format == "json" else LOGGING_CONFIG,
        proxy_headers=False,  # who may see timings and reload is told by the connection, not by what it sends
        server_header=False,
        backlog=BACKLOG,
        limit_concurrency=_most_connections(),
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    _spare_the_collector()
    uvicorn.Server(config).run(sockets=None if listener is None else [listener])


def _protocol(app: Starlette) -> type[asyncio.Protocol]:
    """Return what makes the protocol of a connection; without a desk the app answers everything."""
    desk: Desk | None = getattr(app.state, "desk", None)
    if desk is None:
        return BoundedHeadProtocol
    return cast("type[asyncio.Protocol]", functools.partial(QuickProtocol, desk=desk))


def _spare_the_collector() -> None:
    """Let the garbage collector look at new objects only, and less often.

    Answers make no cycles: looking through everything that was imported cost a tenth of each of them (measured).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


def _most_connections() -> int:
    """Return how many connections are served: as many as there can be files; raises the soft limit for it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = MAX_CONNECTIONS + _OWN_FILES
    if hard != resource.RLIM_INFINITY:
        files = min(files, hard)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(files - _OWN_FILES, 1)
