"""A look at the live pointers: each release is loaded once, and the endpoint shows the pointer that it serves."""

import pytest

from platform_assets.serving import releases
from platform_assets.serving.live_release import LiveRelease, load_release
from tests.unit.serving.conftest import Endpoint
from tests.unit.serving.traffic.rolling import begin_rollout
from tests.unit.serving.traffic.test_hard_stop import FAILING
from tests.unit.serving.traffic.trying import begin_trial

pytestmark = pytest.mark.anyio


async def test_who_ended_a_rollout_at_its_load_shows_the_sequence_of_the_pointer_after_it(endpoint: Endpoint) -> None:
    rolling = await begin_rollout(endpoint, 0.5, constant=None, files=FAILING)
    assert rolling.last_move.cause.kind == "rollout_ended"
    await endpoint.parts.refresh()
    assert endpoint.parts.releases.current("churn").sequence == rolling.pointer.sequence


async def test_a_look_loads_each_release_once_also_the_control_of_an_experiment(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []

    def counted(*arguments: object) -> LiveRelease | None:
        live = load_release(*arguments)  # type: ignore[arg-type]
        loaded.append(live.release.release_id if live else "")
        return live

    monkeypatch.setattr(releases, "load_release", counted)
    trying = await begin_trial(endpoint)
    assert sorted(loaded) == sorted([trying.old.release_id, trying.new.release_id])
    split = endpoint.parts.releases.split("churn")
    assert split is not None
    assert split.trial is not None
    assert split.trial.lives["control"] is endpoint.parts.releases.current("churn")
