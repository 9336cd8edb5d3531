"""`python -m platform_assets.console.run`: the console on this machine."""

import sys

import uvicorn

from platform_assets.console.app import create_app
from platform_assets.errors import PlatformError
from platform_assets.settings import Settings

HOST = "127.0.0.1"
_DRAIN_SECONDS = 10  # pages in work at the end have this long
_MOST_CONNECTIONS = 200


def main() -> None:
    """Serve on loopback until a signal."""
    settings = Settings.from_environment()
    try:
        app = create_app(settings)
    except PlatformError as error:
        sys.exit(str(error))
    uvicorn.run(
        app,
        host=HOST,
        port=settings.console_port,
        lifespan="on",
        ws="none",
        access_log=False,  # the access log has who saw what; a URL in another log may hold an id
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )


if __name__ == "__main__":
    main()
