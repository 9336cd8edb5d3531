"""MLflow or the ledger away in the middle of a rollout: no release gets more traffic, and later it goes on."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from platform_assets.errors import LedgerUnavailableError, RegistryUnavailableError
from platform_assets.ledger import database
from platform_assets.ledger.traffic_moves import traffic_moves
from platform_assets.registry import traffic_labels
from platform_assets.registry.pair import point_alias
from platform_assets.registry.traffic_labels import STEP
from tests.conftest import free_port
from tests.integration.rollout_home import PRODUCT, RolloutHome
from tests.unit.experiments.rollout_samples import seen


@contextmanager
def locked_ledger(home: RolloutHome) -> Iterator[None]:
    """Hold the writer's lock of the database, like a process that hangs in a transaction."""
    holder = sqlite3.connect(home.settings.home / "ledger.db", isolation_level=None)
    holder.execute("begin immediate")
    yield
    holder.execute("rollback")
    holder.close()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 100)


def without_mlflow(home: RolloutHome) -> RolloutHome:
    return replace(home, settings=replace(home.settings, mlflow_url=f"http://127.0.0.1:{free_port()}"))


def test_a_locked_ledger_stops_a_promotion_before_the_pointer_moves_and_it_goes_on_later(
    rollout_home: RolloutHome,
) -> None:
    rollout_home.tell()
    with locked_ledger(rollout_home), pytest.raises(LedgerUnavailableError, match="database is locked"):
        rollout_home.step(hours=1.0)
    assert rollout_home.state == (1, "shadow")
    rollout_home.step(hours=1.0)
    assert rollout_home.state == (1, "canary")


def test_without_mlflow_a_promotion_stops_before_the_pointer_moves_and_goes_on_later(
    rollout_home: RolloutHome,
) -> None:
    rollout_home.tell()
    with pytest.raises(RegistryUnavailableError, match="no release gets more"):
        without_mlflow(rollout_home).step(hours=1.0)
    assert rollout_home.state == (1, "shadow")
    rollout_home.step(hours=1.0)
    assert (rollout_home.state, rollout_home.tags(2)[STEP]) == ((1, "canary"), "canary")


def test_a_bad_release_is_taken_out_though_ledger_and_mlflow_are_away_and_both_hear_of_it_later(
    rollout_home: RolloutHome,
) -> None:
    rollout_home.tell(seen(5000, 250))
    with locked_ledger(rollout_home), pytest.raises(LedgerUnavailableError):
        without_mlflow(rollout_home).step(hours=0.1)
    assert rollout_home.state == (1, None)
    assert rollout_home.tags(2)[STEP] == "shadow"
    rollout_home.step()
    last = traffic_moves(rollout_home.ledger, PRODUCT)[-1]
    assert (last.kind, last.moved_by) == ("rollout_ended", "driver")
    assert "above the hard limit" in last.reason
    assert STEP not in rollout_home.tags(2)


def test_mlflow_that_goes_away_between_two_moves_is_told_of_both_later(
    rollout_home: RolloutHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollout_home.tell()
    calls: list[object] = []

    def fail_second(*arguments: object, **options: object) -> None:
        calls.append(arguments)
        if len(calls) > 2:  # the first pair of aliases is the look before the move
            raise RegistryUnavailableError(uri="http://mlflow", problem="stopped")
        point_alias(*arguments, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(traffic_labels, "point_alias", fail_second)
        with pytest.raises(RegistryUnavailableError):
            rollout_home.step(hours=1.0)
    assert (rollout_home.state, rollout_home.tags(2)[STEP]) == ((1, "canary"), "shadow")
    rollout_home.step()
    assert rollout_home.tags(2)[STEP] == "canary"
