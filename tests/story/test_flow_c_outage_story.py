"""MLflow dies in the middle of a rollout: callers notice nothing, nobody gets more of it, and later it goes on."""

from dataclasses import replace
from pathlib import Path

import pytest

from platform_assets.contract.prediction_log import MODEL_FAILURES
from platform_assets.inference.live_pointer import LivePointer
from platform_assets.inference.release import Release
from platform_assets.settings import Settings
from tests.integration.endpoint_servers import served, wait_for
from tests.story.crowd import crowd_at
from tests.story.mlflow_server import mlflow_server
from tests.story.second_version import CUSTOMERS, PRODUCT, QUICK, SecondVersion, at_port, second_version
from tests.unit.registry.registry_home import RegistryHome


def test_a_rollout_holds_while_mlflow_is_dead_and_goes_on_once_it_is_back(
    trained_versions: tuple[RegistryHome, Release],
    online_store: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    story = second_version(trained_versions, online_store, QUICK)
    with (
        mlflow_server(story.settings, tmp_path / "mlflow.log") as mlflow,
        served(story.settings, tmp_path / "endpoint.log") as endpoint,
        crowd_at(endpoint.port, PRODUCT, CUSTOMERS) as crowd,
    ):
        story = at_port(replace(story, settings=mlflow.settings), endpoint.port)
        second = story.approve().begun
        assert second is not None
        story.drive_until(is_canary)
        mlflow.kill()
        before, answered = story.live, len(crowd.by(second.release_id))
        held_by_mlflow(story)
        wait_for(lambda: len(crowd.by(second.release_id)) > answered + 50, endpoint)
        assert story.live == before
        mlflow.start()
        story.drive_until(lambda live: live.release_id == second.release_id)
    assert crowd.problems() == []
    assert not {one.reason for one in crowd.seen} & MODEL_FAILURES
    assert crowd.went_back(story.first.release_id, second.release_id) == []


def is_canary(live: LivePointer) -> bool:
    return live.rollout is not None and live.rollout.step_name == "canary"


def held_by_mlflow(story: SecondVersion) -> None:
    """Tick until it is MLflow alone that the rollout waits for."""
    told = story.drive_until_told("MLflow")
    assert "no move is made or shown meanwhile" in told
