"""The endpoint's connections to the online store and to the prediction log, and the parts that use them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from platform_assets.clock import wall_now
from platform_assets.online.log_writer import LogWriter
from platform_assets.online.reader import OnlineReader
from platform_assets.serving.batch_copies import BatchCopies
from platform_assets.serving.follower import Follower
from platform_assets.serving.health import Component
from platform_assets.serving.jobs.service import Jobs
from platform_assets.serving.journal import Journal
from platform_assets.serving.parts import Parts, assemble
from platform_assets.serving.releases import Releases
from platform_assets.serving.store_batches import StoreBatches
from platform_assets.serving.store_features import StoreFeatures
from platform_assets.settings import Settings


@dataclass(frozen=True, slots=True)
class Connected:
    """Parts with the connections below them."""

    parts: Parts
    reader: OnlineReader
    writer: LogWriter
    follower: Follower
    jobs: Jobs

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Serve inside this context; at its end every logged entry is in the stream or on disk."""
        try:
            async with self.reader, self.follower.running(self.parts), self.jobs.runner.running():
                yield
        finally:
            self.parts.heart.journal.hand_over()
            await asyncio.to_thread(self.writer.close)


def connect_parts(settings: Settings) -> Connected:
    """Return the parts over the store that the settings name; both connections are made when first used."""
    reader = OnlineReader(settings.online_url)
    writer = LogWriter(settings.online_url, settings.spool_dir, fsync=settings.fsync)
    follower = Follower()
    releases = Releases(home=settings.home, releases_dir=settings.releases_dir)
    jobs = Jobs(settings, releases, wall_now)
    parts = assemble(
        releases=releases,
        features=StoreFeatures(reader),
        batches=StoreBatches(reader, BatchCopies(settings)),
        journal=Journal(writer),
        clock=settings.clock,
        wall=wall_now,
        components=lambda: {
            "prediction_log": _log_component(writer),
            "releases": follower.component(),
            "batch_jobs": jobs.runner.component(),
        },
    )
    return Connected(replace(parts, jobs=jobs), reader, writer, follower, jobs)


def _log_component(writer: LogWriter) -> Component:
    counts = writer.counts
    if counts.refused:
        detail = f"{counts.refused} entries were refused: the store and the disk were too slow for the queue"
        return Component(status="failing", detail=detail)
    if counts.spooled:
        return Component(status="degraded", detail=f"{counts.spooled} entries wait on disk for the online store")
    return Component(status="ok", detail=f"{counts.streamed} entries written, {counts.waiting} under way")
