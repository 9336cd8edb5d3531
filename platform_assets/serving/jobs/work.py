"""The work on one job from its start to its recorded end; it can be killed at any instant and started again."""

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from platform_assets.errors import JobStuckError, PlatformError
from platform_assets.serving.jobs.chunk_loop import CancelledJob, ChunkLoop
from platform_assets.serving.jobs.chunks import Chunks
from platform_assets.serving.jobs.ending import end_job, tidy
from platform_assets.serving.jobs.limits import MAX_STARTS_PER_CHUNK
from platform_assets.serving.jobs.locations import Locations
from platform_assets.serving.jobs.pinned import load_pinned
from platform_assets.serving.jobs.record import JobRecord, JobState
from platform_assets.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class JobWork:
    """One job and what its work needs; hold the job's lock."""

    settings: Settings
    record: JobRecord
    wall: Callable[[], dt.datetime]
    timer: Callable[[], float] = time.monotonic

    async def run(self) -> JobState:
        """Work until the job has ended and return how; what the outside world refuses ends the job as failed."""
        state = self.record.state()
        if state.is_finished:  # a kill came before everything was tidied up
            tidy(self.record, state)
            return state
        try:
            self._begin(state)
            await self._work()
        except CancelledJob:
            return end_job(self.record, "cancelled", at=self.wall())
        except (PlatformError, OSError) as error:
            return end_job(self.record, "failed", at=self.wall(), error=error)
        return end_job(self.record, "succeeded", at=self.wall())

    def _begin(self, state: JobState) -> None:
        """Record the start; raises JobStuckError when all starts so far ended in the same chunk."""
        totals = Chunks.of(self.record.directory, fsync=self.record.fsync).totals()
        starts = state.starts + 1 if state.at_chunk == totals.chunks else 1
        if starts > MAX_STARTS_PER_CHUNK:
            log = str(self.record.log_path)
            raise JobStuckError(starts=state.starts, first_row=totals.rows_done, log=log)
        started_at = state.started_at or self.wall()
        begun = msgspec.structs.replace(
            state, status="running", started_at=started_at, starts=starts, at_chunk=totals.chunks
        )
        self.record.write_state(begun)

    async def _work(self) -> None:
        if self.record.is_cancel_requested:
            raise CancelledJob
        spec = self.record.spec()
        # What a path leads to may have changed since it was checked.
        path = Locations(self.settings.allowed_batch_roots).input(spec.input_uri)
        live = load_pinned(self.settings, spec)
        loop = ChunkLoop(
            settings=self.settings, record=self.record, spec=spec, live=live, wall=self.wall, timer=self.timer
        )
        await loop.run(path)
