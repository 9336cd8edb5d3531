"""Starts a worker for one unfinished job after the other, and goes on with those that a kill interrupted.

Of several endpoint processes on one home, the one that holds the lock runs the jobs; the others wait to take over.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from platform_assets.background import in_background
from platform_assets.serving.health import Component
from platform_assets.serving.jobs.locks import try_locked
from platform_assets.serving.jobs.order import encode_settings
from platform_assets.serving.jobs.record import JobSpec
from platform_assets.serving.jobs.store import JobStore
from platform_assets.settings import Settings

_POLL_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0


@dataclass(slots=True)
class JobRunner:
    """One background task of the endpoint, and at most one worker process."""

    settings: Settings
    store: JobStore
    _task: asyncio.Task[None] | None = None
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _failures: dict[str, int] = field(default_factory=dict)
    _not_before: dict[str, float] = field(default_factory=dict)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run jobs until the context ends; the worker ends with it, and its job goes on at the next start."""
        for directory in (self.settings.jobs_dir, self.settings.exchange_dir):
            directory.mkdir(parents=True, exist_ok=True)
        async with in_background(self._run(), "batch prediction jobs") as self._task:
            yield

    def wake(self) -> None:
        """Look for jobs now."""
        self._wake.set()

    def component(self) -> Component:
        """Tell whether jobs are worked on."""
        if self._task is None or self._task.done():
            return Component(status="degraded", detail="no job is started: restart the endpoint")
        waiting = len(self._not_before)
        detail = f"{waiting} job(s) wait after their worker ended early" if waiting else "jobs are started as they come"
        return Component(status="degraded" if waiting else "ok", detail=detail)

    async def _run(self) -> None:
        while True:
            # An OSError is a full disk, or no room for a process: tried again.
            with suppress(OSError), try_locked(self.settings.jobs_dir / "runner.lock") as is_leader:
                while is_leader:
                    await self._turn()
            await asyncio.sleep(_POLL_SECONDS)

    async def _turn(self) -> None:
        """Work on the oldest job that is due, or wait for one."""
        self._wake.clear()
        job = self._due(await asyncio.to_thread(self.store.unfinished))
        if job is not None:
            await self._work(job)
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), _POLL_SECONDS)

    def _due(self, unfinished: list[JobSpec]) -> JobSpec | None:
        """Return the oldest job that does not wait, and forget those that have ended."""
        for job_id in self._failures.keys() - {spec.job_id for spec in unfinished}:
            self._failures.pop(job_id)
            self._not_before.pop(job_id, None)
        now = asyncio.get_running_loop().time()
        return next((spec for spec in unfinished if self._not_before.get(spec.job_id, 0.0) <= now), None)

    async def _work(self, job: JobSpec) -> None:
        """Run a worker; when it ends before its job, the next one is started after a growing pause."""
        if await self._run_worker(job) == 0:
            return
        failures = self._failures[job.job_id] = self._failures.get(job.job_id, 0) + 1
        pause = min(2.0 ** (failures - 1), _LONGEST_PAUSE_SECONDS)
        self._not_before[job.job_id] = asyncio.get_running_loop().time() + pause

    async def _run_worker(self, job: JobSpec) -> int:
        record = self.store.record(job.job_id)
        with record.log_path.open("ab") as log:
            worker = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "platform_assets.serving.jobs.worker", str(record.directory)),
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.settings.project_root,
            )
        try:
            if worker.stdin is not None:
                worker.stdin.write(encode_settings(self.settings))
            return await worker.wait()
        finally:
            if worker.returncode is None:
                worker.kill()  # nothing is lost: what is not committed is done again
                await worker.wait()
