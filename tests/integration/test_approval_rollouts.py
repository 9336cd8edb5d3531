"""An approval while another release is in force: step by step where there is traffic, at once where there is none."""

from dataclasses import replace

import msgspec
import pyarrow as pa
import pytest

from platform_assets.contract.experiments import Experiment, Metric, Variant
from platform_assets.errors import ApprovalRefusedError, RegistryUnavailableError, RolloutStateError
from platform_assets.inference.live_pointer import read_live
from platform_assets.ledger.decisions import Mandate, decisions
from platform_assets.ledger.models import get_model_version
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.registry.traffic_mirror import told_moves
from platform_assets.rollouts.experiments import create, start, stop
from platform_assets.rollouts.moves import Pointers, Word, end
from platform_assets.training.approval import Approval, approve_version, reject_version, release_newest
from tests.conftest import free_port
from tests.integration.rollout_home import BEGUN_AT, PLAN, PRODUCT, RolloutHome
from tests.unit.registry.registry_home import RegistryHome, registry_home, small_product

DECLARED = small_product(rollout=PLAN)
RUN = RunFacts("train", BEGUN_AT, "c" * 16)
WORD = Mandate(by="ann", at=BEGUN_AT, reason="the cause is mended")


def approve(home: RolloutHome) -> Approval:
    return release_newest(home.settings, home.ledger, DECLARED, RUN)


def end_rollout(home: RolloutHome) -> None:
    word = Word(by="endpoint", at=BEGUN_AT, reason="3% of the answers failed")
    pointers = Pointers(releases_dir=home.settings.releases_dir, fsync=False)
    end(pointers, PRODUCT, rollout_id=home.rollout.rollout_id, word=word)


def train_another(home: RolloutHome) -> None:
    made = RegistryHome(home.settings, home.ledger, registry_home(home.settings.home).examples)
    made.use(pa.concat_tables([made.examples] * 3))
    made.train()


def test_a_repeat_while_it_is_on_its_way_changes_nothing(rollout_home: RolloutHome) -> None:
    before = rollout_home.live
    again = approve(rollout_home)
    assert (again.release, again.is_new, again.begun) == (rollout_home.first, False, None)
    assert rollout_home.live == before


def test_the_gates_do_not_begin_again_what_was_ended_and_a_person_may(rollout_home: RolloutHome) -> None:
    end_rollout(rollout_home)
    assert approve(rollout_home).begun is None
    assert rollout_home.state == (1, None)
    approved = approve_version(rollout_home.settings, rollout_home.ledger, DECLARED, 2, RUN, WORD)
    assert approved.begun == rollout_home.second
    assert rollout_home.state == (1, "shadow")
    last = list(told_moves(rollout_home.settings, PRODUCT, rollout_home.live))[-1]
    assert (last.moved_by, last.reason) == ("ann", "the cause is mended")


def test_a_newer_version_waits_for_the_one_on_its_way_and_a_later_run_begins_it(rollout_home: RolloutHome) -> None:
    train_another(rollout_home)
    assert approve(rollout_home).begun is None
    assert rollout_home.rollout.release_id == rollout_home.second.release_id
    assert get_model_version(rollout_home.ledger, PRODUCT, 3).approved_by == "gates"
    with pytest.raises(RolloutStateError, match="end that rollout first"):
        approve_version(rollout_home.settings, rollout_home.ledger, DECLARED, 3, RUN, WORD)
    end_rollout(rollout_home)
    begun = approve(rollout_home).begun
    assert begun is not None
    assert begun.model_version == 3
    assert rollout_home.rollout.release_id == begun.release_id


def test_a_version_on_its_way_is_taken_out_before_it_is_rejected(rollout_home: RolloutHome) -> None:
    with pytest.raises(ApprovalRefusedError, match="platform rollouts end"):
        reject_version(rollout_home.settings, rollout_home.ledger, DECLARED, 2, WORD)
    end_rollout(rollout_home)
    assert reject_version(rollout_home.settings, rollout_home.ledger, DECLARED, 2, WORD).verdict == "rejected"


def test_a_version_in_a_running_experiment_is_not_rejected_before_that_is_stopped(rollout_home: RolloutHome) -> None:
    settings = rollout_home.settings
    end_rollout(rollout_home)
    experiment = Experiment(
        id="newer",
        product=PRODUCT,
        unit="entity",
        variants=(Variant(name="old", release="live", share=0.5), Variant(name="new", release="v2", share=0.5)),
        metrics=(Metric(name="error_rate", margin=0.01),),
    )
    pointers, word = Pointers(releases_dir=settings.releases_dir, fsync=False), Word(by="ann", at=WORD.at, reason="try")
    create(pointers, DECLARED, experiment, word)
    start(pointers, PRODUCT, "newer", word)
    with pytest.raises(ApprovalRefusedError, match="experiment newer gives it traffic"):
        reject_version(settings, rollout_home.ledger, DECLARED, 2, WORD)
    stop(pointers, PRODUCT, "newer", word)
    assert reject_version(settings, rollout_home.ledger, DECLARED, 2, WORD).verdict == "rejected"


@pytest.mark.parametrize("is_online", [True, False])
def test_a_plan_of_one_step_and_a_product_without_traffic_take_over_at_once(
    rollout_home: RolloutHome, *, is_online: bool
) -> None:
    end_rollout(rollout_home)
    product = small_product() if is_online else msgspec.structs.replace(DECLARED, online=None)
    approved = approve_version(rollout_home.settings, rollout_home.ledger, product, 2, RUN, WORD)
    assert (approved.release, approved.is_new, approved.begun) == (rollout_home.second, True, None)
    assert rollout_home.state == (2, None)
    assert [one.release_id for one in rollout_home.live.kept] == [rollout_home.first.release_id] * is_online
    assert rollout_home.aliased() == {2}


def test_without_mlflow_an_approval_moves_nothing_and_a_repeat_does(rollout_home: RolloutHome) -> None:
    end_rollout(rollout_home)
    away = replace(rollout_home.settings, mlflow_url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(RegistryUnavailableError):
        approve_version(away, rollout_home.ledger, DECLARED, 2, RUN, WORD)
    live = read_live(away.releases_dir, PRODUCT)
    assert live is not None
    assert live.rollout is None
    assert [made.decided_by for made in decisions(rollout_home.ledger, "model_version")] == ["gates", "gates"]
    assert approve_version(rollout_home.settings, rollout_home.ledger, DECLARED, 2, RUN, WORD).begun is not None
