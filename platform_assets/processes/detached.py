"""Becomes a service: `python -m platform_assets.processes.detached ORDER` detaches, records itself and runs a command.

A separate program, because only the process itself can do these things in a safe order: leave the session of its
starter (a closed terminal does not end it), take back the default signal handlers (a background shell ignores SIGINT
and Dagster would copy that to SIGTERM), and write its record before it starts to work.
"""

import os
import signal
import sys
from pathlib import Path

import msgspec
import psutil

from platform_assets.processes.record import TOKEN_VARIABLE, ProcessRecord, write_record


class LaunchOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What to run, where its output goes and where its record is written."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]
    directory: str
    log_path: str
    record_path: str
    token: str


def main(order_json: str) -> int:
    """Start the command and return 0 once it runs; return 1 with the reason on stderr when it cannot be run."""
    order = msgspec.json.decode(order_json, type=LaunchOrder)
    reader, writer = os.pipe()  # closed by a successful exec: the starter learns of it without waiting
    if os.fork() == 0:
        os.close(reader)
        _become(order, writer)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        problem = pipe.read()
    sys.stderr.write(problem)
    return 1 if problem else 0


def _become(order: LaunchOrder, problem_pipe: int) -> None:
    try:
        _detach(order)
        write_record(Path(order.record_path), _own_record(order))
        os.execvp(order.command[0], order.command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        Path(order.record_path).unlink(missing_ok=True)
        os.write(problem_pipe, f"{order.command[0]}: {error}".encode())
        os._exit(1)


def _detach(order: LaunchOrder) -> None:
    os.setsid()
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(ignored, signal.SIG_DFL)
    os.chdir(order.directory)
    for name, value in {**order.environment, TOKEN_VARIABLE: order.token}.items():
        os.putenv(name, value)
    log = os.open(order.log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)


def _own_record(order: LaunchOrder) -> ProcessRecord:
    started_at = psutil.Process().create_time()
    return ProcessRecord(
        name=order.name, pid=os.getpid(), started_at=started_at, token=order.token, command=order.command
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
