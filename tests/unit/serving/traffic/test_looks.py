"""A look at the live pointers: each release is loaded once, and the endpoint shows the pointer that it serves."""

from pathlib import Path

import pytest

from platform_assets.inference.engine_events import OnEngineEvent
from platform_assets.inference.live_pointer import LivePointer
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


async def test_a_candidate_that_is_too_large_for_the_memory_is_one_that_cannot_be_loaded(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(home: Path, releases_dir: Path, product: str, pointer: LivePointer, note: OnEngineEvent) -> object:
        live = load_release(home, releases_dir, product, pointer, note)
        if live is not None and live.release.model_version == 2:
            raise MemoryError
        return live

    monkeypatch.setattr(releases, "load_release", load)
    rolling = await begin_rollout(endpoint, 0.5)
    assert rolling.pointer.rollout is None
    assert rolling.last_move.cause.reason.endswith("cannot load it: [Errno 12] Cannot allocate memory")
    assert endpoint.parts.releases.states["churn"].state == "serving"
