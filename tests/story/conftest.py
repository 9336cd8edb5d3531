"""One platform on the sample, built once for all stories that only look at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from platform_assets.inference.release import Release
from platform_assets.processes.control import stop_all
from platform_assets.settings import Settings
from tests.story.promise_watch_home import Readers, readers
from tests.story.sample_platform import sample_environment, start_demo
from tests.story.second_version import train_both
from tests.unit.registry.registry_home import RegistryHome


@pytest.fixture(scope="session")
def platform_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the platform of the stories keeps its state."""
    return tmp_path_factory.mktemp("platform")


@pytest.fixture(scope="session")
def environment(platform_home: Path) -> dict[str, str]:
    """Return the environment that programs of this platform are started with."""
    return sample_environment(platform_home)


@pytest.fixture(scope="session")
def settings(environment: dict[str, str], platform_home: Path) -> Iterator[Settings]:
    """Give the settings of a platform on which the demo has run: store and endpoint run until the end."""
    log = platform_home / "demo.log"
    process = start_demo(environment, log)
    chosen = Settings.from_environment(environment)
    try:
        assert process.wait(timeout=900) == 0, log.read_text()[-4000:]
        yield chosen
    finally:
        process.kill()
        process.wait()
        stop_all(chosen)


@pytest.fixture
def told() -> Iterator[Readers]:
    """Give whoever is told of broken promises: a webhook and a mail server, both real."""
    with readers() as listening:
        yield listening


@pytest.fixture(scope="session")
def trained_versions(tmp_path_factory: pytest.TempPathFactory) -> tuple[RegistryHome, Release]:
    """Return a home with a version in force and a second one that nobody has approved."""
    return train_both(tmp_path_factory.mktemp("versions") / "home")
