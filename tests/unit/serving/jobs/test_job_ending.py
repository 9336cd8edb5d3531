"""How jobs end: outputs appear whole or not at all, never over another file, also on a full disk."""

import errno
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec
import pytest

from platform_assets.errors import JobInputError, OutputExistsError
from platform_assets.serving.jobs.chunks import Chunks
from platform_assets.serving.jobs.ending import end_job, tidy
from platform_assets.serving.jobs.progress import see_job
from platform_assets.serving.jobs.publishing import is_published, publish_output
from platform_assets.serving.jobs.record import JobPlan, JobRecord, JobState, Totals
from tests.unit.serving.conftest import WALL

FULL = OSError(errno.ENOSPC, "No space left on device", "rows")


def join(file: BinaryIO, columns: Sequence[str], parts: Sequence[Path]) -> None:
    file.write(",".join(columns).encode() + b"".join(part.read_bytes() for part in parts))


def publish(record: JobRecord) -> Path:
    publish_output(record.spec(), join, ("a", "b"), [], fsync=False)
    return Path(record.spec().output_path)


def commit_one(record: JobRecord) -> None:
    chunks = Chunks.of(record.directory, fsync=False)
    chunks.commit(Totals(chunks=1, rows_done=10, rows_failed=2, seconds=2.0), lambda path: path.touch(), [])


def names(record: JobRecord) -> list[str]:
    return sorted(path.name for path in Path(record.spec().output_path).parent.iterdir() if path.is_file())


def test_a_job_that_succeeded_leaves_its_output_and_no_working_file(record: JobRecord) -> None:
    commit_one(record)
    assert publish(record).read_bytes() == b"a,b"
    state = end_job(record, "succeeded", at=WALL)
    assert (state.status, state.totals) == ("succeeded", Totals(chunks=1, rows_done=10, rows_failed=2, seconds=2.0))
    assert names(record) == ["out.csv"]
    assert not Chunks.of(record.directory, fsync=False).row_files()


def test_a_kill_after_publishing_is_no_second_output_and_no_conflict(record: JobRecord) -> None:
    target = publish(record)
    inode = target.stat().st_ino
    assert is_published(record.spec())
    assert publish(record).stat().st_ino == inode


def test_a_kill_between_the_record_of_the_end_and_the_tidying_is_made_up_for(record: JobRecord) -> None:
    publish(record)
    record.write_state(JobState(status="succeeded"))
    tidy(record, record.state())
    assert names(record) == ["out.csv"]


def test_the_file_of_somebody_else_is_neither_replaced_nor_removed(record: JobRecord) -> None:
    target = Path(record.spec().output_path)
    target.write_text("mine")
    with pytest.raises(OutputExistsError) as refused:
        publish(record)
    end_job(record, "failed", at=WALL, error=refused.value)
    assert (target.read_text(), names(record)) == ("mine", ["out.csv"])


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_job_that_did_not_succeed_leaves_no_output(record: JobRecord, status: str) -> None:
    commit_one(record)
    publish(record)
    end_job(record, "failed" if status == "failed" else "cancelled", at=WALL)
    assert names(record) == []


def test_a_full_disk_fails_the_job_with_its_reason(record: JobRecord) -> None:
    state = end_job(record, "failed", at=WALL, error=FULL)
    assert state.error is not None
    assert (state.error.code, "No space left on device" in state.error.detail) == ("job_storage", True)


def test_a_success_that_a_full_disk_cannot_record_becomes_a_failure_without_output(
    record: JobRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_one(record)
    publish(record)
    chunks, write = Chunks.of(record.directory, fsync=False), JobRecord.write_state

    def write_if_room(of: JobRecord, state: JobState) -> None:
        if chunks.row_files():
            raise FULL
        write(of, state)

    monkeypatch.setattr(JobRecord, "write_state", write_if_room)
    state = end_job(record, "succeeded", at=WALL)
    assert (state.status, state.error and state.error.code) == ("failed", "job_storage")
    assert names(record) == []
    assert state.totals is not None
    assert state.totals.rows_done == 10


def test_progress_is_told_as_text_as_a_ratio_and_as_an_estimate(record: JobRecord) -> None:
    assert (see_job(record).progress, see_job(record).rows_total, see_job(record).eta_seconds) == ("0%", None, None)
    record.write_plan(JobPlan(rows_total=100, input_bytes=1, input_changed_ns=1))
    record.write_state(JobState(status="running"))
    commit_one(record)
    seen = see_job(record)
    assert (seen.progress, seen.progress_ratio, seen.rows_done, seen.rows_failed) == ("10%", 0.1, 10, 2)
    assert (seen.rows_per_second, seen.eta_seconds) == (5.0, 18.0)
    record.request_cancel()
    assert see_job(record).status == "cancelling"


def test_a_failed_job_tells_how_far_it_came_and_why_it_ended(record: JobRecord) -> None:
    commit_one(record)
    end_job(record, "failed", at=WALL, error=JobInputError(problem="the file changed"))
    seen = msgspec.to_builtins(see_job(record))
    assert (seen["status"], seen["rows_done"], seen["eta_seconds"]) == ("failed", 10, None)
    assert seen["error"]["code"] == "job_input"
