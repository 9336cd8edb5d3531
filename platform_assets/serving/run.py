"""`python -m platform_assets.serving.run [--workers N]`: the endpoint on this machine."""

import argparse
import sys
from dataclasses import replace

from platform_assets.errors import PlatformError
from platform_assets.settings import Settings

_MOST_WORKERS = 64


def main(arguments: list[str] | None = None) -> None:
    """Serve on loopback until a signal; what is in flight is answered and the log is flushed before the end.

    One worker is this very process; several are processes of their own below it.
    """
    settings = Settings.from_environment()
    parser = argparse.ArgumentParser(prog="platform_assets.serving.run", description="The endpoint on this machine.")
    parser.add_argument(
        "--workers",
        type=int,
        choices=range(1, _MOST_WORKERS + 1),
        metavar="N",
        default=settings.endpoint_workers,
        help="processes that answer (default: PLATFORM_ENDPOINT_WORKERS, else 1)",
    )
    workers = parser.parse_args(arguments).workers
    if workers == 1:
        _serve_alone(replace(settings, endpoint_workers=1))
    else:
        _supervise(settings, workers)


def _serve_alone(settings: Settings) -> None:
    from platform_assets.serving.app import create_app  # noqa: PLC0415 - a supervisor needs none of it
    from platform_assets.serving.server import serve  # noqa: PLC0415 - the same

    serve(create_app(settings), settings)


def _supervise(settings: Settings, workers: int) -> None:
    from platform_assets.serving.workers.supervisor import Supervisor  # noqa: PLC0415 - one worker needs none

    try:
        Supervisor(settings, workers).run()
    except PlatformError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
