"""A whole platform on the committed sample: the demo as a program that tests start, kill and start again.

The sample has one customer in twenty, too few for the gates of the product files. So the same products run here with
no gates; the gates themselves are tested on the full data and on made-up evaluations.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from platform_assets.commands.demo import run_demo
from platform_assets.contract.product import Product
from platform_assets.products._discovery import discover_products
from platform_assets.settings import PROJECT_ROOT, Settings


def sample_products() -> list[Product]:
    """Return the declared products without gates, and with guardrails that fit a twentieth of the customers."""
    return [msgspec.structs.replace(product, gates=()) for product in discover_products()]


def free_ports(count: int) -> list[int]:
    """Return ports of this machine that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def sample_environment(home: Path) -> dict[str, str]:
    """Return the environment of a platform on the sample, with its own home and ports."""
    names = ("DAGSTER", "ENDPOINT", "CONSOLE", "MLFLOW", "REDIS", "FEAST")
    ports = {f"PLATFORM_{name}_PORT": str(port) for name, port in zip(names, free_ports(len(names)), strict=True)}
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PLATFORM_", "DAGSTER_"))}
    own = {"PLATFORM_HOME": str(home), "PLATFORM_DATA": "sample", "PLATFORM_ACCESS": "open"}
    return {**clean, **ports, **own, "PYTHONPATH": str(PROJECT_ROOT)}


def start_demo(environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start the demo on the sample in its own process group; its output goes to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def kill_demo(process: subprocess.Popen[bytes]) -> None:
    """End a demo as a power cut would: SIGKILL to it and to all that it runs in its own group."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def main(_arguments: Sequence[str] = ()) -> int:
    """Run the demo on the sample for the environment of this process."""
    run_demo(Settings.from_environment(), sample_products())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
