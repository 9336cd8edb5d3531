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

    async def submit(self, request: BatchRequest, key: str | None) -> JobSeen:
        """Return the job of a request; the same `key` returns the same job, whatever became of its files meanwhile.

        Raises RequestError for what the caller can correct, NoReleaseError where nothing is released.
        """
        digest = hashlib.blake2b(msgspec.json.encode(request), digest_size=16).hexdigest()
        job_id = _job_id(key)
        known = await asyncio.to_thread(self._known, job_id) if key is not None else None
        if known is None:
            live = self.releases.current(request.product_name)
            known = await asyncio.to_thread(self._create, request, live, job_id, digest)
            self.runner.wake()
        if known.request_digest != digest:
            raise KeyReusedError(made=f"job {job_id}")
        return await self.see(job_id)

    async def see(self, job_id: str) -> JobSeen:
        """Return one job; raises UnknownJobError."""
        return await asyncio.to_thread(self._see, job_id)

    async def newest(self, limit: int) -> JobsSeen:
        """Return at most `limit` jobs, newest first."""
        return await asyncio.to_thread(self._newest, limit)

    async def cancel(self, job_id: str) -> JobSeen:
        """Return the job as cancelled, or as cancelling while its worker stops; a finished one stays as it is."""
        return await asyncio.to_thread(self._cancel, job_id)

    def _create(self, request: BatchRequest, live: LiveRelease, job_id: str, digest: str) -> JobSpec:
        spec = self._spec(request, live, job_id, digest)
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
        except UnknownJobError:
            return None

    def _see(self, job_id: str) -> JobSeen:
        try:
            return see_job(self.store.record(job_id))
        except (OSError, msgspec.DecodeError):  # forgotten at this moment, or damaged
            raise UnknownJobError(job_id=job_id) from None

    def _newest(self, limit: int) -> JobsSeen:
        specs, seen = self.store.newest(), []
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


def _job_id(key: str | None) -> str:
    """Return a new id, or always the same one for a key: then the directory itself says whether the job exists."""
    if key is None:
        return str(uuid.uuid4())
    return str(uuid.UUID(bytes=hashlib.blake2b(key.encode(), digest_size=16).digest(), version=5))
