"""Flow C: a second version, trained on later data, reaches everybody step by step under load; the first stays warm."""

import datetime as dt
import sys
from pathlib import Path

import dagster as dg
import httpx

from platform_assets.contract.names import ALIAS
from platform_assets.contract.prediction_log import MODEL_FAILURES
from platform_assets.inference.release import Release
from platform_assets.ledger.models import get_model_version
from platform_assets.ledger.releases import live_pointer
from platform_assets.registry.pair import HALVES, PAIR_TAG
from platform_assets.registry.tracking import tracking_client
from platform_assets.settings import Settings
from tests.integration.endpoint_servers import served
from tests.story.crowd import Crowd, crowd_at
from tests.story.second_version import CUSTOMERS, PRODUCT, QUICK, SecondVersion, at_port, second_version
from tests.unit.registry.registry_home import RegistryHome

KINDS = ["moved", "rollout_begun", "rollout_advanced", "rollout_advanced", "rollout_advanced", "rollout_completed"]


def test_a_second_version_reaches_everybody_by_its_plan_and_the_first_stays_warm_and_deprecated(
    trained_versions: tuple[RegistryHome, Release], online_store: Settings, tmp_path: Path
) -> None:
    story = second_version(trained_versions, online_store, QUICK)
    with served(story.settings, tmp_path / "endpoint.log") as endpoint:
        story = at_port(story, endpoint.port)
        with crowd_at(endpoint.port, PRODUCT, CUSTOMERS) as crowd:
            second = story.approve().begun
            assert second is not None
            assert story.live.release_id == story.first.release_id
            story.drive_until(lambda live: live.release_id == second.release_id)
            story.tick()
            answered = len(crowd.seen)
            endpoint_follows(endpoint.url, second.release_id)
        # The old one answers whoever asks for it by name: it is loaded.
        old = httpx.post(
            f"{endpoint.url}/v1/predict",
            json={"product": PRODUCT, "entities": CUSTOMERS[:1]},
            headers={"X-Release": story.first.release_id},
        ).raise_for_status()
    assert old.json()["predictions"][0]["release_id"] == story.first.release_id

    assert [move.cause.kind for move in story.moves] == KINDS
    (kept,) = story.live.kept
    assert kept.release_id == story.first.release_id
    assert kept.until - story.live.moved_at == dt.timedelta(days=7)
    nobody_noticed(crowd, story.first.release_id, second.release_id)
    everything_says_so(story, second.model_version)
    steps_are_shown(story)
    lasted = (story.live.moved_at - story.moves[1].at).total_seconds()
    sys.stdout.write(f"from approval to all of the traffic in {lasted:.1f} s, {answered} answers under way\n")


def endpoint_follows(url: str, release_id: str) -> None:
    seen = httpx.post(f"{url}/v1/products/{PRODUCT}/reload", timeout=30.0).raise_for_status().json()
    assert seen["release"]["release_id"] == release_id


def nobody_noticed(crowd: Crowd, first: str, second: str) -> None:
    """Every request was answered, no model failed, and nobody who met the new release was sent back to the old one."""
    assert crowd.problems() == []
    assert {one.release_id for one in crowd.seen} == {first, second}
    assert not {one.reason for one in crowd.seen} & MODEL_FAILURES
    assert crowd.went_back(first, second) == []


def everything_says_so(story: SecondVersion, version: int) -> None:
    """Pointer, ledger, stages and both aliases of the registry name the second version."""
    known = live_pointer(story.ledger, PRODUCT)
    assert known is not None
    assert known.release_id == story.live.release_id
    assert get_model_version(story.ledger, PRODUCT, version).stage == "production"
    client = tracking_client(story.settings)
    aliased = {client.get_model_version_by_alias(f"{PRODUCT}_{half}", ALIAS).tags[PAIR_TAG] for half in HALVES}
    assert aliased == {str(version)}


def steps_are_shown(story: SecondVersion) -> None:
    """Each move is a materialization of the endpoint with the evidence on which it was made."""
    key = dg.AssetKey([PRODUCT, "endpoint"])
    records = story.instance.fetch_materializations(key, limit=20, ascending=True).records
    shown = [record.asset_materialization for record in records]
    told = [{name: value.value for name, value in one.metadata.items()} for one in shown if one is not None]
    assert [one["decision"] for one in told] == KINDS
    assert [one.get("step") for one in told[1:5]] == ["shadow", "canary", "half", "all"]
    for one in told[2:5]:
        assert "error_rate" in str(one["findings"])
        assert one["by"] == "driver"
