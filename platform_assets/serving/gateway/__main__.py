"""`python -m platform_assets.serving.gateway --port P --backend HOST:PORT ...`: one address for several endpoints."""

import argparse
import sys
from typing import get_args

from platform_assets.errors import PlatformError
from platform_assets.serving.gateway.backends import Backend, Policy, read_port
from platform_assets.serving.gateway.configuration import GatewayPlan
from platform_assets.serving.gateway.process import serve
from platform_assets.settings import Settings


def main(arguments: list[str] | None = None) -> None:
    """Serve on loopback until a signal; what is in flight is answered before the end."""
    parser = argparse.ArgumentParser(
        prog="platform_assets.serving.gateway", description="One address before several endpoints."
    )
    parser.add_argument("--port", type=read_port, required=True, metavar="P", help="where callers connect to")
    parser.add_argument(
        "--backend",
        type=Backend.parse,
        required=True,
        action="append",
        metavar="HOST:PORT",
        dest="backends",
        help="an endpoint; give it once for each",
    )
    parser.add_argument(
        "--policy",
        choices=get_args(Policy),
        default="round_robin",
        help="each endpoint in turn, or the one with the fewest requests in hand (default: round_robin)",
    )
    told = parser.parse_args(arguments)
    try:
        plan = GatewayPlan(port=told.port, backends=told.backends, policy=told.policy)
        sys.exit(serve(plan, Settings.from_environment().run_dir))
    except PlatformError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
