"""The online snapshot and its runs: age, lag behind the features, success rate, and rollouts that gates ended."""

import datetime as dt
from pathlib import Path

import pytest

from platform_assets.contract import names
from platform_assets.contract.slas import Mode
from platform_assets.ledger.artifacts import record_artifact
from platform_assets.ledger.promises import Observation
from platform_assets.ledger.snapshots import record_snapshot
from platform_assets.ledger.traffic_moves import TrafficMove, record_traffic_move
from platform_assets.monitoring.promises.online_snapshot import observe_online_snapshot
from platform_assets.monitoring.promises.rollout import observe_rollout
from platform_assets.monitoring.promises.runs import RunOutcome, observe_runs
from platform_assets.orchestration import rollout_driver
from platform_assets.serving.traffic import ending
from tests.unit.monitoring.promises.promise_samples import DAY, HOUR, MONDAY, Records, make_records

NIGHT = MONDAY + 2.5 * HOUR


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return make_records(tmp_path)


def build(records: Records, number: int, at: dt.datetime) -> str:
    """Record a build of the feature history."""
    view = records.product.features.views[0].view
    return record_artifact(
        records.ledger,
        kind="feature_history",
        name=view,
        digest=f"{number}" * 16,
        uri="features",
        inputs=(),
        run_id="features",
        code_version="c",
        created_at=at,
    )


def sync(records: Records, snapshot_id: str, at: dt.datetime, *, made_from: str, newest: dt.datetime) -> None:
    record_artifact(
        records.ledger,
        kind="online_snapshot",
        name=records.product.name,
        digest=snapshot_id,
        uri="snapshot",
        inputs=[made_from],
        run_id="sync",
        code_version="c",
        created_at=at,
        details={"newest_event_at": newest.isoformat()},
    )
    record_snapshot(
        records.ledger,
        service=names.feature_service(records.product.name, records.product.features.version),
        snapshot_id=snapshot_id,
        as_of=at,
        rows=3,
        changed=3,
        deleted=0,
        published_at=at,
        run_id="sync",
        uri="snapshot",
    )


def look(records: Records, at: dt.datetime) -> dict[str, Observation]:
    found = observe_online_snapshot(records.settings, records.ledger, records.product, at)
    return {one.promise: one for one in found}


def test_a_late_nightly_sync_breaks_the_age_and_the_next_one_heals_it(records: Records) -> None:
    sync(records, "s" * 16, NIGHT, made_from=build(records, 1, MONDAY), newest=MONDAY)
    assert look(records, NIGHT + DAY + HOUR / 2)["snapshot_age"].state == "kept"
    late = look(records, NIGHT + DAY + 2 * HOUR)["snapshot_age"]
    assert (late.state, late.value, late.limit) == ("broken", 26.0, 25.0)
    assert late.facts["rows_stale_after_hours"] == 24
    sync(records, "t" * 16, NIGHT + DAY, made_from=build(records, 2, MONDAY + DAY), newest=MONDAY + DAY)
    assert look(records, NIGHT + DAY + 2 * HOUR)["snapshot_age"].state == "kept"


def test_a_new_snapshot_of_old_values_does_not_pass_for_fresh(records: Records) -> None:
    sync(records, "s" * 16, NIGHT, made_from=build(records, 1, MONDAY), newest=MONDAY - 2 * DAY)
    found = look(records, NIGHT)["snapshot_age"]
    assert (found.state, found.facts["problem"]) == ("broken", "its newest value was too old when it was published")


def test_features_that_wait_for_the_online_store_are_a_lag(records: Records) -> None:
    sync(records, "s" * 16, NIGHT, made_from=build(records, 1, MONDAY), newest=MONDAY)
    assert look(records, NIGHT + DAY)["materialization_lag"].value == 0.0
    build(records, 2, NIGHT + 5 * HOUR)
    build(records, 3, NIGHT + 7 * HOUR)
    lag = look(records, NIGHT + 10 * HOUR)["materialization_lag"]
    assert (lag.state, lag.value) == ("broken", 5.0)
    assert look(records, NIGHT + 8 * HOUR)["materialization_lag"].state == "kept"


def test_the_same_features_built_again_are_no_lag(records: Records) -> None:
    sync(records, "s" * 16, NIGHT, made_from=build(records, 1, MONDAY), newest=MONDAY)
    build(records, 1, NIGHT + HOUR)
    assert look(records, NIGHT + DAY)["materialization_lag"].value == 0.0


def test_a_clock_before_the_snapshot_is_unknown(records: Records) -> None:
    sync(records, "s" * 16, NIGHT, made_from=build(records, 1, MONDAY), newest=MONDAY)
    assert look(records, NIGHT - DAY)["snapshot_age"].state == "unknown"


def test_a_snapshot_that_was_never_published_is_unknown_at_first(records: Records) -> None:
    assert {name: one.state for name, one in look(records, NIGHT).items()} == {"snapshot_age": "unknown"}


def test_a_product_for_batch_alone_promises_no_snapshot(tmp_path: Path) -> None:
    assert look(make_records(tmp_path, name="segments"), NIGHT) == {}


def outcomes(ended: str, mode: Mode = "online") -> list[RunOutcome]:
    """Return finished runs, the oldest first: + for a success, - for a failure."""
    return [
        RunOutcome(
            run_id=f"run-{number}",
            mode=mode,
            ended_at=NIGHT + number * DAY,
            is_success=sign == "+",
            problem="" if sign == "+" else "Redis was away",
        )
        for number, sign in enumerate(ended)
    ]


def runs(records: Records, told: list[RunOutcome]) -> dict[str, Observation]:
    return {one.subject or one.promise: one for one in observe_runs(records.ledger, records.product, told)}


def test_the_newest_run_counts_and_failures_in_a_row_are_counted(records: Records) -> None:
    assert runs(records, outcomes("+--"))["online"].value == 2.0
    assert runs(records, outcomes("+--"))["online"].state == "broken"
    assert runs(records, outcomes("-+"))["online"].state == "kept"
    assert runs(records, [])["online"].state == "unknown"


def test_a_run_whose_batch_was_refused_did_its_work(records: Records) -> None:
    records.refuse(MONDAY, run_id="run-0")
    assert runs(records, outcomes("-", "batch"))["batch"].state == "kept"


def test_the_success_rate_judges_once_there_are_enough_runs(records: Records) -> None:
    few = runs(records, outcomes("+-"))["materialization_success"]
    assert (few.state, few.value) == ("at_risk", 0.5)
    assert runs(records, outcomes("++-+-"))["materialization_success"].state == "broken"
    assert runs(records, outcomes("++++++++--"))["materialization_success"].state == "kept"


def ended(records: Records, sequence: int, by: str, kind: str = "rollout_ended") -> None:
    move = TrafficMove(
        product=records.product.name,
        sequence=sequence,
        kind=kind,
        release_id="r1",
        candidate="r2",
        rollout_id="o1",
        step="canary",
        share=None,
        moved_at=MONDAY,
        moved_by=by,
        reason="error rate",
        evidence={},
    )
    record_traffic_move(records.ledger, move)


@pytest.mark.parametrize("by", [rollout_driver.BY, ending.BY])
def test_a_rollout_that_gates_or_the_endpoint_ended_is_told_until_the_next_move_of_a_release(
    records: Records, by: str
) -> None:
    def look_at_rollout() -> list[str]:
        return [one.state for one in observe_rollout(records.settings, records.ledger, records.product, MONDAY)]

    assert look_at_rollout() == []
    ended(records, 1, "ann")
    assert look_at_rollout() == ["kept"]
    ended(records, 2, by)
    assert look_at_rollout() == ["broken"]
    ended(records, 3, "ann", kind="rollout_begun")
    assert look_at_rollout() == ["kept"]
