"""Rollouts in Dagster: the sensor asks, the job moves, and every move is shown with its evidence."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import dagster as dg
import msgspec
import pytest
from dagster._core.definitions.sensor_definition import SensorExecutionData

from platform_assets.inference.live_pointer import live_path
from platform_assets.ledger.traffic_moves import traffic_moves
from platform_assets.orchestration import rollout_job
from platform_assets.rollouts.moves import Pointers, Word, end
from tests.conftest import free_port
from tests.integration.rollout_home import BEGUN_AT, PRODUCT, RolloutHome
from tests.unit.experiments.rollout_samples import seen
from tests.unit.orchestration.small_code_location import code_location_of

ENDPOINT = dg.AssetKey([PRODUCT, "endpoint"])
JOB, SENSOR = f"{PRODUCT}_rollout_step", f"{PRODUCT}_rollout"


class Platform:
    """The code location of a home, at an instant that a test sets: hours after the rollout began."""

    def __init__(self, home: RolloutHome, instance: dg.DagsterInstance, clock: pytest.MonkeyPatch) -> None:
        """Load the definitions."""
        self.home, self.instance, self.clock = home, instance, clock
        self.definitions = code_location_of(home.settings)
        self.at(0.0)

    def at(self, hours: float) -> None:
        now = BEGUN_AT + dt.timedelta(hours=hours)
        self.clock.setattr(rollout_job, "wall_now", lambda: now)

    def tick(self, sensor: str = SENSOR, cursor: str | None = None) -> SensorExecutionData:
        context = dg.build_sensor_context(
            instance=self.instance,
            instance_ref=self.instance.get_ref(),
            repository_def=self.definitions.get_repository_def(),
            cursor=cursor,
        )
        return self.definitions.resolve_sensor_def(sensor).evaluate_tick(context)

    def asks(self) -> bool:
        return bool(self.tick().run_requests)

    def run(self) -> bool:
        job = self.definitions.resolve_job_def(JOB)
        return job.execute_in_process(instance=self.instance, raise_on_error=False).success

    def shown(self) -> list[dict[str, object]]:
        """Return the metadata of every materialization of the endpoint, oldest first."""
        records = self.instance.fetch_materializations(ENDPOINT, limit=100, ascending=True).records
        found = [record.asset_materialization for record in records]
        return [{name: value.value for name, value in one.metadata.items()} for one in found if one is not None]


@pytest.fixture
def platform(rollout_home: RolloutHome, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    with dg.instance_for_test() as instance:
        yield Platform(rollout_home, instance, monkeypatch)


def test_a_rollout_is_shown_move_by_move_with_its_evidence_and_the_sensor_asks_for_nothing_in_between(
    platform: Platform,
) -> None:
    home = platform.home
    home.tell()
    assert platform.asks()  # the beginning is not shown yet
    assert platform.run()
    assert not platform.asks()
    assert "has lasted 0.00 of 1 hours" in (platform.tick().skip_message or "")

    platform.at(1.0)
    assert platform.asks()
    assert platform.run()
    assert home.state == (1, "canary")
    assert [one["decision"] for one in platform.shown()] == ["moved", "rollout_begun", "rollout_advanced"]
    told = platform.shown()[-1]
    assert (told["step"], told["share"], told["by"], told["candidate"]) == (
        "canary",
        0.05,
        "driver",
        home.second.release_id,
    )
    assert "| drift | passed |" in str(told["findings"])
    assert "| candidate | 5000 |" in str(told["figures"])
    assert not platform.asks()
    assert all(move.is_shown for move in traffic_moves(home.ledger, PRODUCT))


def test_an_endpoint_that_says_nothing_is_told_in_the_tick_and_nothing_is_asked_for(platform: Platform) -> None:
    platform.home.tell()
    assert platform.run()
    platform.home.server.report = None
    platform.at(30.0)
    data = platform.tick()
    assert not data.run_requests
    assert "overdue, hold: there is no evidence" in (data.skip_message or "")


def test_moves_from_before_moves_were_kept_are_not_asked_for_at_every_tick(platform: Platform) -> None:
    home = platform.home
    assert platform.run()
    later = msgspec.structs.replace(home.live, sequence=home.live.sequence + 3, rollout=None)
    live_path(home.settings.releases_dir, PRODUCT).write_bytes(msgspec.json.encode(later))
    assert platform.run()
    assert not platform.asks()


def test_a_hard_rollback_of_the_endpoint_is_shown_with_the_time_since_its_first_bad_answer(platform: Platform) -> None:
    home, at = platform.home, BEGUN_AT + dt.timedelta(minutes=5)
    evidence = {"first_bad_at": (at - dt.timedelta(seconds=2.5)).isoformat()}
    word = Word(by="endpoint", at=at, reason="3.00% of the answers failed", evidence=evidence)
    end(
        Pointers(releases_dir=home.settings.releases_dir, fsync=False),
        PRODUCT,
        rollout_id=home.rollout.rollout_id,
        word=word,
    )
    assert platform.asks()
    assert platform.run()
    told = platform.shown()[-1]
    assert (told["decision"], told["by"], told["reason"]) == ("rollout_ended", "endpoint", word.reason)
    assert told["seconds_from_first_bad_answer"] == pytest.approx(2.5)


def test_a_broken_hard_limit_asks_for_the_run_even_without_mlflow_and_the_rest_waits_for_it(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = platform.home
    home.tell()
    away = replace(home, settings=replace(home.settings, mlflow_url=f"http://127.0.0.1:{free_port()}"))
    without = Platform(away, platform.instance, monkeypatch)
    without.at(1.0)
    assert not without.asks()
    assert "no move is made or shown meanwhile: MLflow at" in (without.tick().skip_message or "")
    home.tell(seen(5000, 250))
    assert without.asks()
    assert not without.run()
    assert home.state == (1, None)
    assert not without.asks()
    assert platform.run()
    assert platform.shown()[-1]["decision"] == "rollout_ended"


def test_after_a_failed_run_the_sensor_waits_for_minutes_and_asks_again(platform: Platform) -> None:
    home = platform.home
    home.tell()
    database = home.settings.home / "mlflow" / "mlflow.db"
    database.rename(database.with_suffix(".away"))
    database.mkdir()  # MLflow's file cannot be opened, and the sensor does not look at it
    platform.clock.setattr("mlflow.store.db.utils.MAX_RETRY_COUNT", 1)  # by itself MLflow tries for 100 seconds
    assert platform.asks()
    assert not platform.run()
    (record,) = platform.instance.get_run_records(limit=1)
    platform.clock.setattr(rollout_job, "wall_now", lambda: dt.datetime.fromtimestamp(record.end_time or 0, dt.UTC))
    assert not platform.asks()
    assert "failed; the next one starts at" in (platform.tick().skip_message or "")
    later = dt.datetime.fromtimestamp(record.end_time or 0, dt.UTC) + rollout_job.AFTER_FAILURE
    platform.clock.setattr(rollout_job, "wall_now", lambda: later)
    assert platform.asks()


def test_the_moves_of_a_rollout_score_no_batch_again_and_its_completion_does(platform: Platform) -> None:
    home, sensor = platform.home, f"{PRODUCT}_release"
    first = platform.tick(sensor)
    assert [request.job_name for request in first.run_requests or ()] == [f"{PRODUCT}_score", f"{PRODUCT}_deploy"]
    cursor = first.cursor
    for hours in (1.0, 1.0, 4.0, 12.0):
        home.tell()
        home.step(hours=hours)
        data = platform.tick(sensor, cursor)
        assert not data.run_requests
        assert data.cursor != cursor
        cursor = data.cursor
    assert home.state == (1, "all")
    home.tell()
    home.step()
    done = platform.tick(sensor, cursor)
    assert [(one.job_name, one.partition_key) for one in done.run_requests or ()] == [
        (f"{PRODUCT}_score", "2011-12-10|2"),
        (f"{PRODUCT}_deploy", None),
    ]
