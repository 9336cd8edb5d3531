"""`python -m platform_assets.serving.run`: one endpoint process on this machine."""

import uvicorn

from platform_assets.serving.app import create_app
from platform_assets.settings import Settings

_DRAIN_SECONDS = 10


def main() -> None:
    """Serve on loopback until a signal; what is in flight is answered and the log is flushed before the end."""
    settings = Settings.from_environment()
    uvicorn.run(
        create_app(settings),
        host="127.0.0.1",
        port=settings.endpoint_port,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )


if __name__ == "__main__":
    main()
