"""The work on a job where it does not come to scoring: stopped, stuck, changed, or in another's hands."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from platform_assets.serving.jobs.limits import MAX_STARTS_PER_CHUNK
from platform_assets.serving.jobs.locks import try_locked
from platform_assets.serving.jobs.order import decode_settings, encode_settings
from platform_assets.serving.jobs.record import JobPlan, JobRecord, JobState
from platform_assets.serving.jobs.work import JobWork
from platform_assets.settings import PROJECT_ROOT, Settings
from tests.unit.serving.conftest import WALL, Publisher
from tests.unit.serving.jobs.conftest import spec_for


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, batch_roots=(tmp_path,), fsync=False, redis_port=9)


def work_on(record: JobRecord, settings: Settings) -> JobWork:
    return JobWork(settings=settings, record=record, wall=lambda: WALL)


async def outcome(record: JobRecord, settings: Settings) -> tuple[str, str | None]:
    state = await work_on(record, settings).run()
    assert record.state() == state
    return state.status, state.error.code if state.error else None


@pytest.mark.anyio
async def test_a_job_that_was_cancelled_before_its_start_is_not_begun(record: JobRecord, settings: Settings) -> None:
    record.request_cancel()
    assert await outcome(record, settings) == ("cancelled", None)


@pytest.mark.anyio
async def test_a_worker_that_ends_in_the_same_chunk_too_often_fails_the_job(
    record: JobRecord, settings: Settings
) -> None:
    record.write_state(JobState(status="running", starts=MAX_STARTS_PER_CHUNK, at_chunk=0))
    assert await outcome(record, settings) == ("failed", "job_stuck")


@pytest.mark.anyio
async def test_an_input_that_is_gone_fails_the_job(record: JobRecord, settings: Settings) -> None:
    assert await outcome(record, settings) == ("failed", "path_refused")


@pytest.mark.anyio
async def test_an_input_that_became_a_link_to_elsewhere_fails_the_job(
    record: JobRecord, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "exchange").mkdir()
    (tmp_path / "elsewhere.csv").write_text("customer_id\n1\n")
    (tmp_path / "exchange" / "rows.csv").symlink_to(tmp_path / "elsewhere.csv")
    assert await outcome(record, replace(settings, batch_roots=())) == ("failed", "path_refused")


@pytest.mark.anyio
async def test_a_release_that_is_gone_fails_the_job(record: JobRecord, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("customer_id\n1\n")
    assert await outcome(record, settings) == ("failed", "no_release")


@pytest.mark.anyio
async def test_an_input_that_changed_between_two_starts_fails_the_job(
    record: JobRecord, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text("customer_id\n1\n")
    release = Publisher(tmp_path).publish("churn")
    record.write_spec(spec_for(tmp_path, release_id=release.release_id))
    record.write_plan(JobPlan(rows_total=2, input_bytes=16, input_changed_ns=1))
    assert await outcome(record, settings) == ("failed", "job_input")


@pytest.mark.anyio
async def test_a_job_that_has_ended_is_left_as_it_is(record: JobRecord, settings: Settings) -> None:
    ended = JobState(status="failed", finished_at=WALL)
    record.write_state(ended)
    assert await outcome(record, settings) == ("failed", None)
    assert record.state() == ended


def test_two_workers_never_have_one_job_in_hand(record: JobRecord, settings: Settings) -> None:
    command = [sys.executable, "-m", "platform_assets.serving.jobs.worker", str(record.directory)]
    with try_locked(record.lock_path) as is_free:
        assert is_free
        with subprocess.Popen(command, stdin=subprocess.PIPE, cwd=PROJECT_ROOT) as worker:
            assert worker.stdin is not None
            worker.stdin.write(encode_settings(settings))
            worker.stdin.flush()  # and left open: its end would tell the worker that the endpoint is gone
            assert worker.wait(timeout=60) == 75
    assert record.state().status == "queued"


def test_a_worker_reads_back_the_settings_of_its_endpoint(settings: Settings) -> None:
    sent = replace(settings, redis_url="redis://user:word@there:1/0", clock_mode="live", fsync=True)
    assert decode_settings(encode_settings(sent)) == sent
    assert msgspec.json.decode(encode_settings(sent))["home"] == str(sent.home)
