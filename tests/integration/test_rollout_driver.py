"""The driver of rollouts over a real ledger, MLflow and HTTP server: evidence moves the traffic, silence does not."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from platform_assets.contract.names import CANDIDATE_ALIAS
from platform_assets.experiments.summary import Summary
from platform_assets.ledger.models import get_model_version
from platform_assets.ledger.releases import live_pointer, pointer_moves
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.ledger.traffic_moves import traffic_moves
from platform_assets.orchestration import rollout_driver
from platform_assets.orchestration.rollout_driver import look, take_step
from platform_assets.registry.traffic_labels import APPROVED_BY, RELEASE, SHARE, STAGE, STEP, TRAFFIC
from platform_assets.rollouts.moves import Pointers, Word, end, switch_off
from tests.integration.rollout_home import BEGUN_AT, PRODUCT, RolloutHome
from tests.unit.experiments.rollout_samples import seen
from tests.unit.monitoring.experiment_logs import ExperimentHome, answer

STEPS = ("shadow", "canary", "fifth", "half", "all")
HOURS = (1.0, 1.0, 4.0, 12.0, 0.0)


class Killed(BaseException):
    """Stands for the end of the process."""


def kinds(home: RolloutHome) -> list[tuple[str, str | None, float | None]]:
    return [(move.kind, move.step, move.share) for move in traffic_moves(home.ledger, PRODUCT)]


def test_an_approval_begins_a_rollout_and_the_release_before_stays_in_force(rollout_home: RolloutHome) -> None:
    assert rollout_home.state == (1, "shadow")
    assert rollout_home.aliased() == {1}
    assert rollout_home.aliased(CANDIDATE_ALIAS) == {2}
    assert kinds(rollout_home) == [("moved", None, None), ("rollout_begun", "shadow", 0.0)]
    assert [move.moved_by for move in traffic_moves(rollout_home.ledger, PRODUCT)] == ["gates", "gates"]
    assert len(pointer_moves(rollout_home.ledger, PRODUCT)) == 1
    told = rollout_home.tags(2)
    assert (told[STAGE], told[TRAFFIC], told[STEP], told[SHARE]) == ("staging", "on its way", "shadow", "0")
    assert (told[APPROVED_BY], told[RELEASE]) == ("gates", rollout_home.second.release_id)


def test_good_evidence_takes_a_release_through_every_step_to_all_of_the_traffic(rollout_home: RolloutHome) -> None:
    for step, hours in zip(STEPS, HOURS, strict=True):
        assert rollout_home.state == (1, step)
        assert rollout_home.tags(2)[STEP] == step
        rollout_home.tell()
        rollout_home.step(hours=hours)
    assert rollout_home.state == (2, None)
    (kept,) = rollout_home.live.kept
    assert (kept.release_id, kept.until - rollout_home.live.moved_at) == (
        rollout_home.first.release_id,
        dt.timedelta(days=7),
    )
    assert [share for _, _, share in kinds(rollout_home)] == [None, 0.0, 0.05, 0.2, 0.5, 1.0, None]
    assert kinds(rollout_home)[-1] == ("rollout_completed", "all", None)
    known = live_pointer(rollout_home.ledger, PRODUCT)
    assert known is not None
    assert known.release_id == rollout_home.second.release_id
    assert (rollout_home.aliased(), rollout_home.aliased(CANDIDATE_ALIAS)) == ({2}, {None})
    assert get_model_version(rollout_home.ledger, PRODUCT, 2).stage == "production"
    assert rollout_home.tags(1)[TRAFFIC].startswith("deprecated, kept until 2026-03-")
    assert STEP not in rollout_home.tags(2)


def test_a_step_that_is_too_short_or_has_too_few_answers_goes_on(rollout_home: RolloutHome) -> None:
    rollout_home.tell()
    assert "0.50 of 1 hours" in rollout_home.step(hours=0.5).told
    rollout_home.tell(seen(10))
    assert "10 answers of 1,000" in rollout_home.step(hours=2.0).told
    assert rollout_home.state == (1, "shadow")


def test_a_gate_that_fails_takes_the_release_out_and_says_why(rollout_home: RolloutHome) -> None:
    rollout_home.tell(seen(20_000, 20, scores=(70, 99)), control=seen(20_000, 20))
    rollout_home.step(hours=0.5)
    assert rollout_home.state == (1, None)
    last = traffic_moves(rollout_home.ledger, PRODUCT)[-1]
    assert (last.kind, last.candidate, last.step) == ("rollout_ended", rollout_home.second.release_id, "shadow")
    assert "from the control's" in last.reason
    assert {one["gate"]: one["state"] for one in last.evidence["findings"]}["drift"] == "failed"
    assert last.evidence["candidate"]["answers"] == 20_000
    assert rollout_home.aliased(CANDIDATE_ALIAS) == {None}
    assert TRAFFIC not in rollout_home.tags(2)


def test_labels_that_came_true_against_it_take_a_release_out_that_failed_nowhere_else(
    rollout_home: RolloutHome,
) -> None:
    rollout_home.tell()
    rollout_home.step(hours=1.0)
    assert rollout_home.state == (1, "canary")
    asked = {"experiment_id": rollout_home.rollout.rollout_id, "predicted_at": rollout_home.rollout.step_since}
    lake = ExperimentHome(rollout_home.settings, rollout_home.product)
    lake.log(answer(number, "control", **asked) for number in range(400))
    lake.log(answer(1000 + number, "candidate", **asked, label="likely_to_stay") for number in range(300))
    lake.orders({"elsewhere": 5.0})
    rollout_home.tell()
    assert rollout_home.step(hours=0.5).told.startswith("roll_back: accuracy is 100.00% below the control's")
    assert rollout_home.state == (1, None)
    last = traffic_moves(rollout_home.ledger, PRODUCT)[-1]
    assert (last.kind, last.moved_by, last.step) == ("rollout_ended", "driver", "canary")
    states = {one["gate"]: one["state"] for one in last.evidence["findings"]}
    assert states.pop("accuracy_drop") == "failed"
    assert "failed" not in states.values()
    assert (last.evidence["candidate"]["labels"], last.evidence["control"]["accuracy"]) == (300, 1.0)


@pytest.mark.parametrize("trouble", ["away", "silent", "unreadable", "behind", "another rollout"])
def test_without_evidence_of_this_step_nothing_moves_however_long_it_takes(
    rollout_home: RolloutHome, trouble: str
) -> None:
    rollout_home.tell(step_name="canary" if trouble == "behind" else None)
    report = rollout_home.server.report
    assert report is not None
    match trouble:
        case "away":
            rollout_home.server.server_close()
        case "silent":
            rollout_home.server.report = None
        case "unreadable":
            rollout_home.server.body = b"<html>"
        case "another rollout":
            rollout_home.server.report = msgspec.structs.replace(report, rollout_id="churn-0-1")
    stepped = rollout_home.step(hours=100.0)
    assert stepped.told.startswith("hold: there is no evidence: ")
    assert rollout_home.state == (1, "shadow")
    judged = look(rollout_home.settings, rollout_home.product, BEGUN_AT + dt.timedelta(hours=100)).judged
    assert judged is not None
    assert judged.is_overdue


def test_a_product_that_is_switched_off_gets_no_further(rollout_home: RolloutHome) -> None:
    pointers = Pointers(releases_dir=rollout_home.settings.releases_dir, fsync=False)
    switch_off(pointers, PRODUCT, Word(by="ann", at=BEGUN_AT, reason="the scores are strange"))
    rollout_home.tell()
    assert "switched off by ann" in rollout_home.step(hours=2.0).told
    assert rollout_home.state == (1, "shadow")
    assert rollout_home.tags(1)[TRAFFIC] == "switched off"


def test_two_drivers_at_once_move_once(rollout_home: RolloutHome) -> None:
    rollout_home.tell()
    run = RunFacts("run", BEGUN_AT + dt.timedelta(hours=1), "c" * 16)
    with ThreadPoolExecutor(2) as pool:
        told = [
            one.told
            for one in pool.map(lambda _: take_step(rollout_home.settings, rollout_home.product, run), range(2))
        ]
    assert rollout_home.state == (1, "canary")
    assert kinds(rollout_home)[1:] == [("rollout_begun", "shadow", 0.0), ("rollout_advanced", "canary", 0.05)]
    assert sum(one.startswith("advance") for one in told) == 1


def test_a_hard_rollback_of_the_endpoint_is_recorded_with_its_own_word_and_instant(rollout_home: RolloutHome) -> None:
    at = BEGUN_AT + dt.timedelta(minutes=5)
    word = Word(by="endpoint", at=at, reason="3.00% of the answers failed", evidence={"findings": []})
    pointers = Pointers(releases_dir=rollout_home.settings.releases_dir, fsync=False)
    end(pointers, PRODUCT, rollout_id=rollout_home.rollout.rollout_id, word=word)
    stepped = rollout_home.step(hours=1.0)
    assert stepped.told == "no rollout is under way"
    last = traffic_moves(rollout_home.ledger, PRODUCT)[-1]
    assert (last.kind, last.moved_by, last.moved_at, last.reason) == ("rollout_ended", "endpoint", at, word.reason)
    assert rollout_home.step().unshown == stepped.unshown  # until a run has shown them
    assert rollout_home.aliased(CANDIDATE_ALIAS) == {None}


@pytest.mark.parametrize("fatal", ["record_pointer", "traffic_moves"])
def test_a_driver_that_is_killed_after_it_moved_leaves_what_the_next_one_records(
    rollout_home: RolloutHome, monkeypatch: pytest.MonkeyPatch, fatal: str
) -> None:
    def die(*_: object, **__: object) -> None:
        raise Killed

    rollout_home.tell()
    with monkeypatch.context() as patched:
        patched.setattr(rollout_driver, fatal, die)
        with pytest.raises(Killed):
            rollout_home.step(hours=1.0)
    assert rollout_home.state == (1, "canary")
    assert "still at step shadow" in rollout_home.step(hours=1.0).told
    assert kinds(rollout_home)[-1] == ("rollout_advanced", "canary", 0.05)
    assert rollout_home.tags(2)[STEP] == "canary"


def test_a_repeat_without_new_evidence_changes_nothing(rollout_home: RolloutHome) -> None:
    rollout_home.tell(Summary())
    before = rollout_home.live
    for _ in range(2):
        rollout_home.step(hours=3.0)
    assert rollout_home.live == before
    assert len(kinds(rollout_home)) == 2
