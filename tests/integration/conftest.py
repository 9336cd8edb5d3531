"""What several tests with real servers share: two approved releases, trained once, in a home of each test's own."""

import pytest

from platform_assets.settings import Settings
from tests.integration.two_releases import TwoReleases, train_two, with_snapshots


@pytest.fixture(scope="session")
def trained_releases(tmp_path_factory: pytest.TempPathFactory) -> TwoReleases:
    return train_two(tmp_path_factory.mktemp("trained") / "home")


@pytest.fixture
def two_releases(trained_releases: TwoReleases, online_store: Settings, monkeypatch: pytest.MonkeyPatch) -> TwoReleases:
    # MLflow tells the processes below this one which backend it used last, which may be that of another home.
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return with_snapshots(trained_releases, online_store)
