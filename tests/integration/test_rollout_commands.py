"""`platform rollouts` as an operator uses it: in a process of its own, each move with who and why."""

from dataclasses import replace

import pytest

from platform_assets.contract.names import CANDIDATE_ALIAS
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.traffic_moves import traffic_moves
from platform_assets.training.approval import reject_version
from tests.conftest import free_port
from tests.integration.operator_line import OperatorLine
from tests.integration.rollout_home import BEGUN_AT, PRODUCT, RolloutHome
from tests.unit.registry.registry_home import small_product

WHY = ("--reason", "complaints", "--json")


@pytest.fixture
def platform(rollout_home: RolloutHome) -> OperatorLine:
    port = rollout_home.settings.endpoint_port
    return OperatorLine(replace(rollout_home.settings, redis_url="redis://127.0.0.1:1/0"), port)


def last_move(home: RolloutHome) -> tuple[str, str, str]:
    move = traffic_moves(home.ledger, PRODUCT)[-1]
    return move.kind, move.moved_by, move.reason


def test_list_and_show_tell_who_answers_what_the_gates_say_and_what_follows(
    rollout_home: RolloutHome, platform: OperatorLine
) -> None:
    rollout_home.tell()
    (line,) = [one for one in platform("rollouts", "list", "--json").told if one["product"] == PRODUCT]
    assert (line["model_version"], line["candidate"]["model_version"]) == (1, 2)
    assert (line["candidate"]["step"], line["candidate"]["share"]) == ("shadow", 0.0)
    shown = platform("rollouts", "show", PRODUCT, "--json").told
    assert shown["next_step"]["action"] == "advance"
    assert {one["gate"] for one in shown["next_step"]["findings"]} >= {"drift", "error_rate"}
    for_people = platform("rollouts", "show", PRODUCT)
    assert "it scores copies, unseen" in for_people.stdout
    assert rollout_home.state == (1, "shadow")


def test_a_person_advances_to_the_end_and_what_the_gates_said_is_recorded(
    rollout_home: RolloutHome, platform: OperatorLine
) -> None:
    moved = platform("rollouts", "advance", PRODUCT, *WHY)
    assert moved.code == 0, moved.stdout + moved.stderr
    assert moved.told["traffic"]["candidate"]["step"] == "canary"
    last = traffic_moves(rollout_home.ledger, PRODUCT)[-1]
    assert (last.moved_by, last.reason, last.evidence["driver_would"]) == ("ann", "complaints", "hold")
    assert "no evidence" in last.evidence["because"]
    for _ in range(4):
        assert platform("rollouts", "advance", PRODUCT, *WHY).code == 0
    assert rollout_home.state == (2, None)
    assert last_move(rollout_home)[0] == "rollout_completed"
    assert rollout_home.aliased() == {2}
    assert platform("rollouts", "advance", PRODUCT, *WHY).error == "rollout_state"
    history = platform("rollouts", "history", PRODUCT, "--json").told
    assert [one["kind"] for one in history][1:3] == ["rollout_begun", "rollout_advanced"]
    assert "rollout completed" in platform("rollouts", "history", PRODUCT).stdout


def test_an_ended_rollout_is_begun_again_by_a_person_alone_and_by_another_strategy(
    rollout_home: RolloutHome, platform: OperatorLine
) -> None:
    assert platform("rollouts", "end", PRODUCT, *WHY).code == 0
    assert (rollout_home.state, rollout_home.aliased(CANDIDATE_ALIAS)) == ((1, None), {None})
    assert last_move(rollout_home) == ("rollout_ended", "ann", "complaints")
    second = ("rollouts", "begin", PRODUCT, "--release", rollout_home.second.release_id)
    begun = platform(*second, "--strategy", "blue_green", *WHY)
    assert begun.told["traffic"]["candidate"]["steps"] == ["shadow", "all"]
    assert (rollout_home.state, rollout_home.aliased(CANDIDATE_ALIAS)) == ((1, "shadow"), {2})
    assert platform(*second, *WHY).error == "rollout_state"


def test_a_switch_turns_the_model_off_and_on_and_names_who_and_why(
    rollout_home: RolloutHome, platform: OperatorLine
) -> None:
    assert platform("rollouts", "off", PRODUCT, *WHY).told["traffic"]["off"]["by"] == "ann"
    assert rollout_home.live.off is not None
    assert platform("rollouts", "off", PRODUCT, *WHY).error == "rollout_state"
    assert "switched off by ann" in platform("rollouts", "show", PRODUCT).stdout
    assert platform("rollouts", "on", PRODUCT, *WHY).code == 0
    assert rollout_home.live.off is None
    assert last_move(rollout_home) == ("switched_on", "ann", "complaints")


@pytest.mark.parametrize("trouble", ["unknown", "rejected", "damaged", "in force"])
def test_only_a_sound_approved_release_is_begun(
    rollout_home: RolloutHome, platform: OperatorLine, trouble: str
) -> None:
    assert platform("rollouts", "end", PRODUCT, *WHY).code == 0
    settings, release_id = rollout_home.settings, rollout_home.second.release_id
    match trouble:
        case "unknown":
            release_id = "0" * 16
        case "in force":
            release_id = rollout_home.first.release_id
        case "rejected":
            word = Mandate(by="ann", at=BEGUN_AT, reason="unfair")
            reject_version(settings, rollout_home.ledger, small_product(), 2, word)
        case "damaged":
            (settings.home / rollout_home.second.bundle_path / "product.json").write_text("{}")
    refused = platform("rollouts", "begin", PRODUCT, "--release", release_id, *WHY)
    assert (
        refused.error
        == {
            "unknown": "unknown_record",
            "rejected": "approval_refused",
            "damaged": "digest_mismatch",
            "in force": "already_in_force",
        }[trouble]
    )
    assert rollout_home.state == (1, None)


def test_without_mlflow_nothing_is_begun_and_an_end_is_made_and_told_to_be_unrecorded(
    rollout_home: RolloutHome, platform: OperatorLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    assert platform("rollouts", "advance", PRODUCT, *WHY).error == "registry_unavailable"
    assert rollout_home.state == (1, "shadow")
    ended = platform("rollouts", "end", PRODUCT, *WHY)
    assert ended.code == 1
    assert "MLflow at http://127.0.0.1" in ended.told["records_problem"]
    assert rollout_home.state == (1, None)


def test_a_product_for_batch_alone_has_no_rollouts(rollout_home: RolloutHome, platform: OperatorLine) -> None:
    refused = platform("rollouts", "begin", "clv", "--release", rollout_home.second.release_id, *WHY)
    assert refused.error == "rollout_state"
    assert "clv" not in {one["product"] for one in platform("rollouts", "list", "--json").told}
