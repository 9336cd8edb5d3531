"""What several tests with real servers share: two approved releases, trained once, in a home of each test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from platform_assets.inference.release import Release
from platform_assets.online.connection import connect
from platform_assets.settings import Settings
from tests.integration.replay_home import moved, replay_home
from tests.integration.report_server import report_server
from tests.integration.rollout_home import RolloutHome, copied, train_rollout
from tests.integration.two_releases import TwoReleases, train_two, with_snapshots
from tests.unit.batch.batch_home import BatchHome
from tests.unit.registry.registry_home import RegistryHome


@pytest.fixture(scope="session")
def trained_releases(tmp_path_factory: pytest.TempPathFactory) -> TwoReleases:
    return train_two(tmp_path_factory.mktemp("trained") / "home")


@pytest.fixture
def two_releases(trained_releases: TwoReleases, online_store: Settings, monkeypatch: pytest.MonkeyPatch) -> TwoReleases:
    # MLflow tells the processes below this one which backend it used last, which may be that of another home.
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return with_snapshots(trained_releases, online_store)


@pytest.fixture(scope="session")
def replayable(tmp_path_factory: pytest.TempPathFactory, online_server: str) -> BatchHome:
    """Give a home with past predictions of four releases, which nobody changes."""
    with connect(online_server) as client:
        client.flushall()
    return replay_home(tmp_path_factory.mktemp("replay"), online_server)


@pytest.fixture
def damaged(replayable: BatchHome, tmp_path: Path) -> BatchHome:
    """Give the same records in a directory of their own, for a test to damage."""
    return moved(replayable, tmp_path)


@pytest.fixture(scope="session")
def trained_rollout(tmp_path_factory: pytest.TempPathFactory) -> tuple[RegistryHome, Release, Release]:
    return train_rollout(tmp_path_factory.mktemp("rollout") / "home")


@pytest.fixture
def rollout_home(
    trained_rollout: tuple[RegistryHome, Release, Release], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RolloutHome]:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with report_server() as server:
        yield copied(trained_rollout, tmp_path / "home", server)
