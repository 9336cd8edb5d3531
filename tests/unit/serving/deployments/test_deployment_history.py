"""What the kept moves tell of deployments: when each began, where it is and how it ended."""

import datetime as dt
from pathlib import Path

import pytest

from platform_assets.contract.rollout import RolloutPlan
from platform_assets.errors import UnknownDeploymentError
from platform_assets.inference.live_pointer import read_live
from platform_assets.rollouts.moves import Pointers, Word, advance, begin, complete, end, switch_off
from platform_assets.serving.deployments import service
from platform_assets.serving.deployments.history import share_of
from platform_assets.serving.deployments.service import Deployments, Seen
from platform_assets.settings import Settings
from tests.unit.serving.conftest import WALL, Publisher

pytestmark = pytest.mark.anyio
BLUE_GREEN, INSTANT = RolloutPlan(strategy="blue_green"), RolloutPlan(strategy="instant")


class Moves:
    """Two stored releases of a product, the first in force, and moves of its pointer a minute apart."""

    def __init__(self, home: Path) -> None:
        """Publish both, and put the first in force again."""
        self.settings = Settings(home=home, fsync=False)
        publisher = Publisher(home)
        self.first = publisher.publish("churn", model_version=1).release_id
        self.second = publisher.publish("churn", model_version=2).release_id
        publisher.point_at("churn", self.first)
        self.pointers = Pointers(releases_dir=self.settings.releases_dir, fsync=False)
        self.deployments = Deployments(self.settings, lambda: WALL)

    @property
    def word(self) -> Word:
        live = read_live(self.settings.releases_dir, "churn")
        assert live is not None
        at = WALL + dt.timedelta(minutes=live.sequence)
        return Word(by="someone", at=at, reason=f"because of {live.sequence}")

    def begin(self, plan: RolloutPlan) -> str:
        moved = begin(self.pointers, "churn", release_id=self.second, plan=plan, word=self.word)
        return moved.rollout.rollout_id if moved.rollout else f"churn-{self.second}-{moved.sequence}"

    async def see(self, deployment_id: str) -> Seen:
        return await self.deployments.see(deployment_id)


@pytest.fixture
def moves(tmp_path: Path) -> Moves:
    return Moves(tmp_path)


async def test_a_rollout_is_a_deployment_whose_share_follows_its_steps(moves: Moves) -> None:
    begun = moves.begin(BLUE_GREEN)
    seen = await moves.see(begun)
    assert (seen.deployment.phase, share_of(seen.deployment, seen.live), seen.version) == ("rolling_out", 0.0, 2)
    advance(moves.pointers, "churn", rollout_id=begun, from_step="shadow", word=moves.word)
    seen = await moves.see(begun)
    assert (seen.deployment.phase, share_of(seen.deployment, seen.live)) == ("rolling_out", 1.0)
    complete(moves.pointers, "churn", rollout_id=begun, from_step="all", word=moves.word)
    seen = await moves.see(begun)
    assert (seen.deployment.phase, share_of(seen.deployment, seen.live)) == ("in_force", 1.0)
    assert seen.deployment.last is None


async def test_a_deployment_that_was_taken_out_tells_when_and_why(moves: Moves) -> None:
    begun = moves.begin(BLUE_GREEN)
    end(moves.pointers, "churn", rollout_id=begun, word=Word(by="endpoint", at=WALL, reason="3 % errors"))
    found = (await moves.see(begun)).deployment
    assert found.last is not None
    assert (found.phase, found.last.cause.by, found.last.cause.reason) == ("rolled_back", "endpoint", "3 % errors")


async def test_the_release_before_is_kept_until_its_time_is_over(moves: Moves) -> None:
    begun = moves.begin(INSTANT)
    newest = await moves.deployments.newest(10)
    assert [seen.deployment.phase for seen in newest] == ["in_force", "kept", "replaced", "replaced"]
    assert newest[0].deployment.deployment_id == begun


async def test_while_another_version_is_on_its_way_the_one_in_force_answers_the_rest(moves: Moves) -> None:
    moves.begin(RolloutPlan(own_steps=(*RolloutPlan().steps[2:],)))
    newest = await moves.deployments.newest(2)
    assert [round(share_of(seen.deployment, seen.live), 9) for seen in newest] == [0.2, 0.8]


async def test_a_switch_changes_no_deployment(moves: Moves) -> None:
    begun = moves.begin(BLUE_GREEN)
    switch_off(moves.pointers, "churn", moves.word)
    assert (await moves.see(begun)).deployment.phase == "rolling_out"
    assert len(await moves.deployments.newest(10)) == 4


async def test_an_arrival_is_no_second_deployment_and_a_second_try_is(moves: Moves) -> None:
    first = moves.begin(BLUE_GREEN)
    end(moves.pointers, "churn", rollout_id=first, word=moves.word)
    second = moves.begin(BLUE_GREEN)
    advance(moves.pointers, "churn", rollout_id=second, from_step="shadow", word=moves.word)
    complete(moves.pointers, "churn", rollout_id=second, from_step="all", word=moves.word)
    newest = await moves.deployments.newest(10)
    assert [seen.deployment.deployment_id for seen in newest[:2]] == [second, first]
    assert [seen.deployment.phase for seen in newest[:2]] == ["in_force", "rolled_back"]


async def test_only_the_last_moves_are_looked_through_and_an_arrival_among_them_is_none(
    moves: Moves, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = moves.begin(BLUE_GREEN)
    advance(moves.pointers, "churn", rollout_id=begun, from_step="shadow", word=moves.word)
    complete(moves.pointers, "churn", rollout_id=begun, from_step="all", word=moves.word)
    told = []
    for most in (3, 2, 1):
        monkeypatch.setattr(service, "MOST_MOVES", most)
        told.append([seen.deployment.deployment_id for seen in await moves.deployments.newest(10)])
    assert told == [[begun], [], []]


@pytest.mark.parametrize(
    "wanted", ["", "churn", "../../etc-0123456789abcdef-1", "churn-0123456789abcdef-1", "other-0123456789abcdef-9"]
)
async def test_an_id_that_no_move_has_is_unknown(moves: Moves, wanted: str) -> None:
    with pytest.raises(UnknownDeploymentError):
        await moves.see(wanted)


async def test_a_product_that_is_not_served_is_left_out_of_the_list(moves: Moves) -> None:
    assert await moves.deployments.newest(10)
    assert await moves.deployments.newest(10, but={"churn"}) == []
