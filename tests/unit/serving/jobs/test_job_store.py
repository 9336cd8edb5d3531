"""The store of jobs: bounded, safe for several processes, and not shaken by a damaged directory."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from platform_assets.errors import OutputExistsError, TooManyJobsError, UnknownJobError
from platform_assets.serving.jobs import store as store_module
from platform_assets.serving.jobs.limits import MAX_UNFINISHED_JOBS
from platform_assets.serving.jobs.record import JobState
from platform_assets.serving.jobs.store import JobStore
from tests.unit.serving.jobs.conftest import JOB_ID, numbered, spec_for


@pytest.fixture
def store(tmp_path: Path) -> JobStore:
    return JobStore(tmp_path / "jobs", fsync=False)


def end(store: JobStore, job_id: str) -> None:
    store.record(job_id).write_state(JobState(status="succeeded"))


def test_jobs_are_listed_newest_first_and_worked_on_oldest_first(store: JobStore, tmp_path: Path) -> None:
    specs = [store.create(numbered(tmp_path, number)) for number in (2, 0, 1)]
    end(store, specs[2].job_id)
    assert [spec.job_id[-1] for spec in store.newest()] == ["2", "1", "0"]
    assert [spec.job_id[-1] for spec in store.unfinished()] == ["0", "2"]


def test_twenty_submissions_of_one_id_at_once_make_one_job(store: JobStore, tmp_path: Path) -> None:
    specs = [spec_for(tmp_path, request_digest=str(number)) for number in range(20)]
    stores = [JobStore(store.directory, fsync=False) for _ in specs]
    with ThreadPoolExecutor(20) as pool:
        made = list(pool.map(lambda each: each[0].create(each[1]), zip(stores, specs, strict=True)))
    assert len({spec.request_digest for spec in made}) == 1
    assert [spec.job_id for spec in store.newest()] == [JOB_ID]


def test_a_job_too_many_is_refused_until_one_has_ended(store: JobStore, tmp_path: Path) -> None:
    for number in range(MAX_UNFINISHED_JOBS):
        store.create(numbered(tmp_path, number))
    with pytest.raises(TooManyJobsError) as refused:
        store.create(numbered(tmp_path, 99))
    assert (refused.value.status, refused.value.retryable) == (429, True)
    end(store, numbered(tmp_path, 3).job_id)
    assert store.create(numbered(tmp_path, 99)).job_id.endswith("99")


def test_two_unfinished_jobs_never_write_one_file(store: JobStore, tmp_path: Path) -> None:
    first = store.create(numbered(tmp_path, 1))
    second = msgspec.structs.replace(numbered(tmp_path, 2), output_path=first.output_path)
    with pytest.raises(OutputExistsError):
        store.create(second)
    end(store, first.job_id)
    store.create(second)


def test_the_oldest_finished_jobs_are_forgotten(
    store: JobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "MAX_KEPT_JOBS", 3)
    for number in range(6):
        store.create(numbered(tmp_path, number))
        if number != 1:
            end(store, numbered(tmp_path, number).job_id)
    assert [spec.job_id[-1] for spec in store.newest()] == ["5", "4", "3", "2", "1"]


@pytest.mark.parametrize("job_id", ["", "..", "../jobs", "x", JOB_ID, JOB_ID.upper(), JOB_ID + "/..", "\0"])
def test_an_id_of_no_job_is_unknown_and_leads_nowhere(store: JobStore, job_id: str) -> None:
    with pytest.raises(UnknownJobError):
        store.record(job_id)


def test_a_damaged_job_is_passed_over(store: JobStore, tmp_path: Path) -> None:
    damaged, whole = store.create(numbered(tmp_path, 1)), store.create(numbered(tmp_path, 2))
    (store.directory / damaged.job_id / "state.json").write_bytes(b"{")
    assert [spec.job_id for spec in store.unfinished()] == [whole.job_id]
    (store.directory / damaged.job_id / "spec.json").write_bytes(b"")
    assert [spec.job_id for spec in JobStore(store.directory).newest()] == [whole.job_id]
