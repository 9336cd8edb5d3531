"""A second version that misbehaves is taken out by itself, and callers get an answer all the same."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from platform_assets.contract.prediction_log import MODEL_FAILURES
from platform_assets.contract.rollout import Gates, HardLimits, RolloutPlan, Step
from platform_assets.inference.release import Release
from platform_assets.settings import Settings
from tests.integration.endpoint_servers import served, wait_for
from tests.story.crowd import Crowd, Seen, crowd_at
from tests.story.second_version import (
    CUSTOMERS,
    DRIFT,
    PRODUCT,
    SECOND,
    SecondVersion,
    at_port,
    second_version,
)
from tests.unit.registry.registry_home import RegistryHome

HARD_P99_MS = 200.0
# The declared limits of errors and latency, on smaller samples.
PLAN = RolloutPlan(
    own_steps=(Step(name="half", share=0.5, hours=60 * SECOND), Step(name="all", share=1.0, hours=0.0)),
    gates=Gates(min_answers=200, p99_ms=100.0, max_score_drift=DRIFT),
    hard=HardLimits(min_answers=300, min_timed=30, p99_ms=HARD_P99_MS),
)
# A busy machine answers late: only the story of the slow version is about that.
UNHURRIED = msgspec.structs.replace(
    PLAN,
    gates=msgspec.structs.replace(PLAN.gates, p99_ms=5000.0),
    hard=msgspec.structs.replace(PLAN.hard, p99_ms=9000.0),
)
IS_BAD: dict[str, Callable[[Seen], bool]] = {
    "errors": lambda one: one.reason == "engine_error",
    "latency": lambda one: one.latency_ms > HARD_P99_MS,
    "shift": lambda _: True,
}


@pytest.mark.parametrize(
    ("kind", "plan", "by", "because"),
    [
        ("errors", UNHURRIED, "endpoint", "failed, above the hard limit of 2.00%"),
        ("latency", PLAN, "endpoint", "took longer than 200 ms, the hard limit of the p99"),
        ("shift", UNHURRIED, "driver", "from the control's, surely"),
    ],
)
def test_a_second_version_that_misbehaves_is_rolled_back_by_itself(
    trained_versions: tuple[RegistryHome, Release],
    online_store: Settings,
    tmp_path: Path,
    kind: str,
    plan: RolloutPlan,
    by: str,
    because: str,
) -> None:
    story = second_version(trained_versions, online_store, plan)
    with served(story.settings, tmp_path / "endpoint.log", program=("tests.story.faulty_endpoint", kind)) as endpoint:
        story = at_port(story, endpoint.port)
        with crowd_at(endpoint.port, PRODUCT, CUSTOMERS) as crowd:
            second = story.approve().begun
            assert second is not None
            if by == "driver":
                story.drive_until(lambda live: live.rollout is None)
            else:  # nobody drives: the endpoint needs no Dagster for this
                wait_for(lambda: story.live.rollout is None, endpoint)
            enough_after(crowd)
        story.tick()

    last = story.moves[-1]
    assert (last.cause.kind, last.cause.by) == ("rollout_ended", by)
    assert because in last.cause.reason
    assert (story.live.release_id, story.live.rollout) == (story.first.release_id, None)
    bad = [one for one in crowd.by(second.release_id) if IS_BAD[kind](one)]
    goes_on_by_the_first(crowd, story, crowd.by(second.release_id)[-1])
    lasted = crowd.by(second.release_id)[-1].at - bad[0].at
    sys.stdout.write(
        f"{kind}: {len(bad)} bad answers of {len(crowd.by(second.release_id))} by the second version, "
        f"{lasted:.2f} s from the first bad answer to its last one; {last.cause.reason}\n"
    )
    # It does not come in again by itself.
    assert story.approve().begun is None


def enough_after(crowd: Crowd) -> None:
    """Wait for a few hundred answers more, so that what follows the rollback is seen."""
    count, deadline = len(crowd.seen) + 300, time.monotonic() + 60
    while len(crowd.seen) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def goes_on_by_the_first(crowd: Crowd, story: SecondVersion, last_bad: Seen) -> None:
    """Every request was answered, and after the last answer of the second version the first one answers alone."""
    assert crowd.problems() == []
    after = [one for one in crowd.seen if one.at > last_bad.at]
    assert len(after) >= 200
    assert {one.release_id for one in after} == {story.first.release_id}
    assert not {one.reason for one in after} & MODEL_FAILURES
