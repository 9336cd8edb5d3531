"""All jobs of one platform: a directory each, made whole or not at all, and safe for several processes at once."""

import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from platform_assets.errors import OutputExistsError, TooManyJobsError, UnknownJobError
from platform_assets.inference.durable import sync_directory
from platform_assets.serving.jobs.limits import MAX_KEPT_JOBS, MAX_UNFINISHED_JOBS
from platform_assets.serving.jobs.locks import locked
from platform_assets.serving.jobs.record import JobRecord, JobSpec, JobState

_JOB_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class JobStore:
    """Every method reads or writes files: call it in a thread. What cannot be read is passed over in listings."""

    directory: Path
    fsync: bool = True
    _specs: dict[str, JobSpec] = field(default_factory=dict)  # these never change
    _finished: set[str] = field(default_factory=set)

    def record(self, job_id: str) -> JobRecord:
        """Return the files of a job; raises UnknownJobError."""
        record = JobRecord(self.directory / job_id, self.fsync)
        if not _JOB_ID.fullmatch(job_id) or not record.directory.is_dir():
            raise UnknownJobError(job_id=job_id[:80])
        return record

    def create(self, spec: JobSpec) -> JobSpec:
        """Store a job and return it, or the one of that id that was stored before.

        Raises TooManyJobsError, and OutputExistsError when an unfinished job writes the same file.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        with locked(self.directory / "create.lock"):
            if (self.directory / spec.job_id).is_dir():
                return self.record(spec.job_id).spec()
            unfinished = self.unfinished()
            if len(unfinished) >= MAX_UNFINISHED_JOBS:
                raise TooManyJobsError(limit=MAX_UNFINISHED_JOBS)
            if any(other.output_path == spec.output_path for other in unfinished):
                raise OutputExistsError(output_uri=spec.output_uri)
            self._forget_oldest()
            self._write(spec)
        return spec

    def newest(self) -> list[JobSpec]:
        """Return all jobs that are kept, newest first."""
        return sorted(self._each(), key=lambda spec: (spec.created_at, spec.job_id), reverse=True)

    def unfinished(self) -> list[JobSpec]:
        """Return the jobs that have not ended, oldest first."""
        return [spec for spec in reversed(self.newest()) if not self._is_finished(spec.job_id)]

    def _write(self, spec: JobSpec) -> None:
        draft = self.directory / f".{secrets.token_hex(8)}.tmp"
        draft.mkdir()
        try:
            record = JobRecord(draft, self.fsync)
            record.write_spec(spec)
            record.write_state(JobState())
            draft.rename(self.directory / spec.job_id)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        sync_directory(self.directory, fsync=self.fsync)

    def _forget_oldest(self) -> None:
        finished = [spec.job_id for spec in self.newest() if self._is_finished(spec.job_id)]
        for job_id in finished[MAX_KEPT_JOBS:]:
            self._specs.pop(job_id, None)
            shutil.rmtree(self.directory / job_id, ignore_errors=True)

    def _each(self) -> Iterator[JobSpec]:
        for path in self.directory.glob("*-*-*-*-*"):
            try:
                spec = self._specs.get(path.name) or JobRecord(path).spec()
            except (OSError, msgspec.DecodeError):
                continue
            self._specs[path.name] = spec
            yield spec

    def _is_finished(self, job_id: str) -> bool:
        if job_id not in self._finished:
            try:
                is_finished = JobRecord(self.directory / job_id).state().is_finished
            except (OSError, msgspec.DecodeError):
                return True  # nobody can work on it
            if is_finished:
                self._finished.add(job_id)
        return job_id in self._finished
