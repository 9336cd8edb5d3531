"""The process of a gateway: HAProxy below it, which ends when the gateway ends and not before its answers are out."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from platform_assets.errors import MissingToolError, PortTakenError
from platform_assets.serving.gateway.configuration import DRAIN_SECONDS, HOST, GatewayPlan, configuration

STOP_SECONDS = DRAIN_SECONDS + 3.0
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
    path.write_text(configuration(plan))
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
        raise MissingToolError(tool="haproxy", remedy="install it (`apt-get install haproxy`, version 2.4 or newer)")
    return found


def _draining(process: "subprocess.Popen[bytes]") -> "Callable[..., None]":
    """Return what a signal does: no new connection is taken, and after STOP_SECONDS nothing is waited for."""

    def drain(*_: object) -> None:
        process.send_signal(signal.SIGUSR1)
        signal.signal(signal.SIGALRM, lambda *_: process.kill())
        signal.setitimer(signal.ITIMER_REAL, STOP_SECONDS)

    return drain


def _check_free(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortTakenError(
                service="the gateway", port=port, holder=f"another program ({error})", variable="--port"
            ) from error
