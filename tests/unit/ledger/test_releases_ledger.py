"""Releases and the live pointer: immutable documents, and of racing moves exactly one."""

import datetime as dt
import multiprocessing
from multiprocessing.synchronize import Barrier

import pytest

from platform_assets.errors import RecordConflictError, UnknownRecordError
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.models import (
    approve_model_version,
    model_versions,
    record_model_version,
    set_stage,
)
from platform_assets.ledger.releases import (
    get_release,
    live_pointer,
    move_pointer,
    pointer_moves,
    record_release,
    releases,
)

AT = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


def release(ledger: Ledger, release_id: str, product: str = "churn", weight: int = 1) -> None:
    record_release(
        ledger,
        release_id=release_id,
        product=product,
        model_version=1,
        bundle_digest="d",
        contract_version="1",
        document={"weight": weight},
        created_at=AT,
        created_by="ann",
        reason="better",
    )


def move(ledger: Ledger, expected: str | None, release_id: str) -> bool:
    return move_pointer(
        ledger, "churn", expected=expected, release_id=release_id, moved_at=AT, moved_by="ann", reason="promote"
    )


def race(dsn: str, release_id: str, gate: Barrier, won: "multiprocessing.Queue[bool]") -> None:
    ledger = open_ledger(dsn)
    gate.wait()
    won.put(move(ledger, "r0", release_id))


def test_a_release_is_recorded_once_and_comes_back_whole(ledger: Ledger) -> None:
    release(ledger, "r1")
    release(ledger, "r1")
    assert [one.release_id for one in releases(ledger, "churn")] == ["r1"]
    assert get_release(ledger, "r1").document == {"weight": 1}


def test_another_document_under_the_same_id_is_refused(ledger: Ledger) -> None:
    release(ledger, "r1")
    with pytest.raises(RecordConflictError, match="r1"):
        release(ledger, "r1", weight=2)


def test_the_pointer_moves_only_from_where_it_is_expected(ledger: Ledger) -> None:
    release(ledger, "r1")
    release(ledger, "r2")
    assert not move(ledger, "r2", "r1")
    assert move(ledger, None, "r1")
    assert not move(ledger, None, "r2")
    assert move(ledger, "r1", "r2")
    live = live_pointer(ledger, "churn")
    assert live is not None
    assert (live.release_id, live.sequence) == ("r2", 2)


def test_every_move_stays_in_the_history(ledger: Ledger) -> None:
    release(ledger, "r1")
    release(ledger, "r2")
    for expected, target in [(None, "r1"), ("r1", "r2"), ("r2", "r2"), ("r2", "r1")]:
        assert move(ledger, expected, target)
    told = [(one.sequence, one.previous, one.release_id) for one in pointer_moves(ledger, "churn")]
    assert told == [(1, None, "r1"), (2, "r1", "r2"), (3, "r2", "r1")]


def test_only_a_recorded_release_of_the_product_can_be_live(ledger: Ledger) -> None:
    release(ledger, "r1", product="clv")
    with pytest.raises(RecordConflictError, match="clv"):
        move(ledger, None, "r1")
    with pytest.raises(UnknownRecordError, match="r9"):
        move(ledger, None, "r9")


def test_of_two_processes_that_move_the_pointer_at_once_exactly_one_wins(ledger: Ledger) -> None:
    for release_id in ("r0", "r1", "r2"):
        release(ledger, release_id)
    move(ledger, None, "r0")
    spawn = multiprocessing.get_context("spawn")
    gate, won = spawn.Barrier(2), spawn.Queue()
    dsn = ledger.engine.url.render_as_string()
    racers = [spawn.Process(target=race, args=(dsn, release_id, gate, won)) for release_id in ("r1", "r2")]
    for racer in racers:
        racer.start()
    assert sorted(won.get() for _ in racers) == [False, True]
    for racer in racers:
        racer.join()
    assert len(pointer_moves(ledger, "churn")) == 2


def version(ledger: Ledger, number: int, digest: str = "d") -> None:
    record_model_version(
        ledger,
        product="churn",
        version=number,
        bundle_digest=digest,
        training_run_id="run",
        metrics={"auc": 0.8},
        gates=[{"gate": "baseline", "is_passed": True}],
        created_at=AT,
    )


def test_a_model_version_never_changes_its_bundle(ledger: Ledger) -> None:
    version(ledger, 1)
    version(ledger, 1)
    with pytest.raises(RecordConflictError, match="other"):
        version(ledger, 1, digest="other")
    assert [one.version for one in model_versions(ledger, "churn")] == [1]


def test_an_approval_names_who_when_and_why_and_stays(ledger: Ledger) -> None:
    version(ledger, 1)
    approve_model_version(ledger, "churn", 1, approved_by="ann", approved_at=AT, reason="gates hold")
    found = approve_model_version(ledger, "churn", 1, approved_by="bob", approved_at=AT, reason="me too")
    assert (found.approved_by, found.approved_at, found.reason) == ("ann", AT, "gates hold")
    with pytest.raises(UnknownRecordError, match="churn 7"):
        approve_model_version(ledger, "churn", 7, approved_by="ann", approved_at=AT, reason="x")


def stages(ledger: Ledger) -> list[str]:
    return [one.stage for one in model_versions(ledger, "churn")]


def test_a_version_goes_from_dev_over_staging_to_production_where_only_one_is(ledger: Ledger) -> None:
    version(ledger, 1)
    version(ledger, 2)
    assert stages(ledger) == ["dev", "dev"]
    approve_model_version(ledger, "churn", 1, approved_by="ann", approved_at=AT, reason="gates hold")
    assert stages(ledger) == ["staging", "dev"]
    set_stage(ledger, "churn", 1, "production")
    approve_model_version(ledger, "churn", 1, approved_by="bob", approved_at=AT, reason="again")
    assert stages(ledger) == ["production", "dev"]
    set_stage(ledger, "churn", 2, "production")
    assert stages(ledger) == ["deprecated", "production"]


def test_what_was_in_production_is_deprecated_and_archived_when_the_next_but_one_comes(ledger: Ledger) -> None:
    for number in (1, 2, 3, 4):
        version(ledger, number)
        set_stage(ledger, "churn", number, "production", kept=[2])
    assert stages(ledger) == ["archived", "deprecated", "deprecated", "production"]
    set_stage(ledger, "churn", 4, "production")  # a repeat
    assert stages(ledger) == ["archived", "deprecated", "deprecated", "production"]
    set_stage(ledger, "churn", 3, "production")  # a way back
    assert stages(ledger) == ["archived", "archived", "production", "deprecated"]
