"""What tests of every kind share: a real online store, emptied for each test."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from platform_assets.settings import Settings

# Endpoints that tests start ask for no credentials; tests of access control turn it on again.
os.environ.setdefault("PLATFORM_ACCESS", "open")

_STORIES = Path(__file__).with_name("story")  # most of them look at one platform


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares costly fixtures when several processes run the tests (`make test JOBS=2`)."""
    for item in items:
        is_story = item.path.is_relative_to(_STORIES)
        item.add_marker(pytest.mark.xdist_group("stories" if is_story else item.path.stem))


def free_port() -> int:
    """Return a port that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def kill(pid: int) -> None:
    """End a process with SIGKILL and return when it is dead, so that what is asked next meets no dying process."""
    try:
        process = psutil.Process(pid)
        process.kill()
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
    except psutil.NoSuchProcess:
        return


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a server with SIGTERM; one that does not heed it is killed, and the test fails."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


@pytest.fixture
def own_port() -> int:
    """Give a port for a server of the test's own."""
    return free_port()


@pytest.fixture(scope="session")
def online_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a real embedded server that ends with the session; give its URL."""
    from platform_assets.online.server import start_embedded, stop_embedded  # noqa: PLC0415 - most tests need no server

    settings = Settings(home=tmp_path_factory.mktemp("online_store"), redis_port=free_port())
    yield start_embedded(settings, die_with_parent=True).url
    stop_embedded(settings)


@pytest.fixture
def online_store(online_server: str, tmp_path: Path) -> Settings:
    """Give settings with a home of their own and the server of the session, emptied."""
    from platform_assets.online.connection import connect  # noqa: PLC0415 - most tests need no server

    client = connect(online_server)
    client.flushall()
    client.close()
    return Settings(home=tmp_path, redis_url=online_server, fsync=False)
