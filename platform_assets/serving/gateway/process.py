"""The process of a gateway: HAProxy below it, which ends when the gateway ends and not before its answers are out."""

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from platform_assets.errors import MissingToolError, PortTakenError
from platform_assets.serving.gateway.configuration import (
    DRAIN_SECONDS,
    HOST,
    MAX_CONNECTIONS,
    GatewayPlan,
    configuration,
)

STOP_SECONDS = DRAIN_SECONDS + 3.0
_FILES_PER_CALLER = 2  # its connection and the one to an endpoint
_OWN_FILES = 256  # left for listeners, looks at the endpoints, threads and the standard streams
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_PLACES = os.pathsep.join((os.defpath, "/usr/sbin", "/usr/local/sbin"))  # a service's path may lack them
# HAProxy drains at SIGUSR1. It gets one when the gateway ends, however that ends; only Linux can promise it.
_BELOW = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGUSR1)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the gateway has ended")
os.execv(sys.argv[2], sys.argv[2:])
"""


def serve(plan: GatewayPlan, run_dir: Path) -> int:
    """Spread requests until SIGTERM or SIGINT, then answer what is in flight; return the exit status of HAProxy.

    The configuration is kept in `run_dir` for people to read. Raises MissingToolError and PortTakenError.
    """
    program = find_haproxy()
    _check_free(plan.port)
    run_dir.mkdir(parents=True, exist_ok=True)
    path = run_dir / f"gateway-{plan.port}.cfg"
    path.write_text(configuration(replace(plan, max_connections=min(plan.max_connections, _most_connections()))))
    command = [program, "-db", "-q", "-f", str(path)]
    if sys.platform == "linux":
        command = [sys.executable, "-c", _BELOW, str(os.getpid()), *command]
    process = subprocess.Popen(command)
    for number in _SIGNALS:
        signal.signal(number, _draining(process))
    return process.wait()


def find_haproxy() -> str:
    """Return the path of HAProxy; raises MissingToolError."""
    found = shutil.which("haproxy") or shutil.which("haproxy", path=_PLACES)
    if found is None:
        raise MissingToolError(tool="haproxy", remedy="install it, e.g. with `apt-get install haproxy`")
    return found


def _draining(process: "subprocess.Popen[bytes]") -> "Callable[..., None]":
    """Return what a signal does: no new connection is taken, and after STOP_SECONDS nothing is waited for."""

    def drain(*_: object) -> None:
        process.send_signal(signal.SIGUSR1)
        signal.signal(signal.SIGALRM, lambda *_: process.kill())
        signal.setitimer(signal.ITIMER_REAL, STOP_SECONDS)

    return drain


def _most_connections() -> int:
    """Return how many callers there may be files for: HAProxy does not start when it is asked for more."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max((hard - _OWN_FILES) // _FILES_PER_CALLER, 1)


def _check_free(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortTakenError(
                service="the gateway", port=port, holder=f"another program ({error})", variable="--port"
            ) from error
