"""What the routes of jobs call: submit, look, list, cancel. Files are touched in threads, never in the event loop."""

import asyncio
import datetime as dt
import hashlib
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec

from platform_assets.errors import JobStorageError, KeyReusedError, UnknownJobError
from platform_assets.serving.jobs.ending import end_job
from platform_assets.serving.jobs.locations import Locations
from platform_assets.serving.jobs.locks import try_locked
from platform_assets.serving.jobs.progress import see_job
from platform_assets.serving.jobs.record import JobRecord, JobSpec
from platform_assets.serving.jobs.runner import JobRunner
from platform_assets.serving.jobs.store import JobStore
from platform_assets.serving.jobs.wire import BatchRequest, JobSeen, JobsSeen
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.releases import Releases
from platform_assets.settings import Settings


@dataclass(slots=True)
class Jobs:
    """The batch prediction jobs of one endpoint; `runner` works on them while its context is open."""

    settings: Settings
    releases: Releases
    wall: Callable[[], dt.datetime]
    store: JobStore = field(init=False)
    runner: JobRunner = field(init=False)

    def __post_init__(self) -> None:
        """Open the store; nothing is started."""
        self.store = JobStore(self.settings.jobs_dir, self.settings.fsync)
        self.runner = JobRunner(self.settings, self.store)

    async def submit(self, request: BatchRequest, key: str | None, *, by: str = "local") -> JobSeen:
        """Return the job of a request; the same `key` of the same subject returns the same job.

        Whatever became of its files meanwhile. A key is its caller's own.

        Raises RequestError for what the caller can correct, NoReleaseError where nothing is released.
        """
        digest = hashlib.blake2b(msgspec.json.encode(request), digest_size=16).hexdigest()
        job_id = _job_id(key, by)
        known = await asyncio.to_thread(self._known, job_id) if key is not None else None
        if known is None:
            live = self.releases.current(request.product_name)
            spec = await asyncio.to_thread(self._spec, request, live, job_id, digest)
            known = await asyncio.to_thread(self._create, msgspec.structs.replace(spec, submitted_by=by))
            self.runner.wake()
        if known.request_digest != digest:
            raise KeyReusedError(made=f"job {job_id}")
        return await self.see(job_id)

    async def submitter(self, job_id: str) -> str:
        """Return whose job it is; raises UnknownJobError."""
        known = await asyncio.to_thread(self._known, job_id)
        if known is None:
            raise UnknownJobError(job_id=job_id[:80])
        return known.submitted_by

    async def see(self, job_id: str) -> JobSeen:
        """Return one job; raises UnknownJobError."""
        return await asyncio.to_thread(self._see, job_id)

    async def newest(self, limit: int, *, of: str | None = None) -> JobsSeen:
        """Return at most `limit` jobs, newest first: all, or those `of` one subject."""
        return await asyncio.to_thread(self._newest, limit, of)

    async def cancel(self, job_id: str) -> JobSeen:
        """Return the job as cancelled, or as cancelling while its worker stops; a finished one stays as it is."""
        return await asyncio.to_thread(self._cancel, job_id)

    def _create(self, spec: JobSpec) -> JobSpec:
        try:
            return self.store.create(spec)
        except OSError as error:
            raise JobStorageError(problem=f"the job cannot be kept: {error.strerror}") from error

    def _spec(self, request: BatchRequest, live: LiveRelease, job_id: str, digest: str) -> JobSpec:
        at = self.wall()
        locations = Locations(self.settings.allowed_batch_roots)
        is_live = self.settings.clock_mode == "live"
        return JobSpec(
            job_id=job_id,
            product=live.release.product,
            release_id=live.release.release_id,
            model_version=live.release.model_version,
            input_uri=request.input_uri,
            output_uri=request.output_uri,
            input_path=str(locations.input(request.input_uri)),
            output_path=str(locations.output(request.output_uri)),
            batch_size=request.batch_size,
            event_at=request.event_at or (at.isoformat() if is_live else None),
            created_at=at,
            request_digest=digest,
        )

    def _known(self, job_id: str) -> JobSpec | None:
        try:
            return self.store.record(job_id).spec()
        except (UnknownJobError, OSError, msgspec.DecodeError):
            return None

    def _see(self, job_id: str) -> JobSeen:
        try:
            return see_job(self.store.record(job_id))
        except (OSError, msgspec.DecodeError):  # forgotten at this moment, or damaged
            raise UnknownJobError(job_id=job_id) from None

    def _newest(self, limit: int, of: str | None) -> JobsSeen:
        specs: list[JobSpec] = [spec for spec in self.store.newest() if of in {None, spec.submitted_by}]
        seen: list[JobSeen] = []
        for spec in specs[:limit]:
            with suppress(UnknownJobError):
                seen.append(self._see(spec.job_id))
        return JobsSeen(jobs=seen, total=len(specs))

    def _cancel(self, job_id: str) -> JobSeen:
        record = self.store.record(job_id)
        with try_locked(record.lock_path) as is_free:
            if is_free:
                self._cancel_idle(record)
            else:
                record.request_cancel()
        return self._see(job_id)

    def _cancel_idle(self, record: JobRecord) -> None:
        if not record.state().is_finished:
            end_job(record, "cancelled", at=self.wall())


def _job_id(key: str | None, by: str) -> str:
    """Return a new id, or always the same one for a key: then the directory itself says whether the job exists."""
    if key is None:
        return str(uuid.uuid4())
    told = msgspec.json.encode([by, key])
    return str(uuid.UUID(bytes=hashlib.blake2b(told, digest_size=16).digest(), version=5))
