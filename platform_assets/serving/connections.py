"""The endpoint's connections to the online store and to the prediction log, and the parts that use them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from platform_assets.clock import wall_now
from platform_assets.online.kafka_log import KafkaLog
from platform_assets.online.log_sinks import LogSinks, open_log
from platform_assets.online.log_writer import LogWriter
from platform_assets.online.reader import OnlineReader
from platform_assets.online.streaming.taking import EventStore
from platform_assets.serving.batch_copies import BatchCopies
from platform_assets.serving.breaker import CircuitBreaker
from platform_assets.serving.cache.prediction_cache import PredictionCache
from platform_assets.serving.cache.shared import SharedTier
from platform_assets.serving.deployments.service import Deployments
from platform_assets.serving.events.desk import EventDesk
from platform_assets.serving.follower import Follower
from platform_assets.serving.gate.watch import AccessWatch, watch_access
from platform_assets.serving.guarded_features import GuardedFeatures
from platform_assets.serving.health import Component
from platform_assets.serving.jobs.service import Jobs
from platform_assets.serving.journal import Journal
from platform_assets.serving.parts import Parts, assemble
from platform_assets.serving.published.batches import PublishedBatches
from platform_assets.serving.releases import Releases
from platform_assets.serving.store_batches import StoreBatches
from platform_assets.serving.store_features import StoreFeatures
from platform_assets.settings import Settings

_LOG_CLOSE_S = 5.0  # a supervisor ends a worker 18 s after its signal, and requests in flight may take 10 of them


@dataclass(frozen=True, slots=True)
class Connected:
    """Parts with the connections below them."""

    parts: Parts
    reader: OnlineReader
    shared: SharedTier
    writer: LogSinks
    follower: Follower
    jobs: Jobs
    access: AccessWatch
    events: EventDesk

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Serve inside this context; at its end every logged entry is in the stream or on disk."""
        try:
            async with (
                self.access.running(),
                self.reader,
                self.follower.running(self.parts),
                self.jobs.runner.running(),
                self.events.running(),
            ):
                yield
        finally:
            self.parts.heart.model.close()
            self.parts.heart.journal.hand_over()
            try:
                await asyncio.to_thread(self.writer.close, _LOG_CLOSE_S)
            finally:
                await self.shared.close()


def connect_parts(settings: Settings, *, worker: int = 0) -> Connected:
    """Return the parts over the store that the settings name; both connections are made when first used.

    Raises AccessError when access control is asked for and cannot work.
    """
    reader, breaker = OnlineReader(settings.online_url), CircuitBreaker()
    shared = SharedTier(settings.online_url, CircuitBreaker())
    writer = open_log(settings)
    follower = Follower()
    releases = Releases(home=settings.home, releases_dir=settings.releases_dir, fsync=settings.fsync)
    access = watch_access(settings, worker=worker)
    jobs, deployments = Jobs(settings, releases, wall_now), Deployments(settings, wall_now)
    parts = assemble(
        releases=releases,
        features=GuardedFeatures(StoreFeatures(reader), breaker),
        batches=StoreBatches(reader, BatchCopies(settings)),
        journal=Journal(writer),
        clock=settings.clock,
        wall=wall_now,
        cache=PredictionCache(timer=time.monotonic, shared=shared),
    )
    parts.metrics.show_files_of(settings.figures_dir)

    def components() -> dict[str, Component]:
        return {
            "online_store": _store_component(breaker),
            "prediction_log": _log_component(writer.stream),
            **({} if writer.kafka is None else {"prediction_log_kafka": _kafka_component(writer.kafka)}),
            "releases": follower.component(),
            "batch_jobs": jobs.runner.component(),
            "events": events.component(),
            **access.components(),
        }

    published = PublishedBatches(settings, wall_now)
    store, name = EventStore(settings.online_url), f"worker-{worker}"
    events = EventDesk(store, releases, clock=settings.clock, wall=wall_now, name=name)
    heart = replace(parts.heart, access=access.access)
    parts = replace(
        parts,
        heart=heart,
        components=components,
        jobs=jobs,
        deployments=deployments,
        published=published,
        events=events,
    )
    return Connected(parts, reader, shared, writer, follower, jobs, access, events)


def _store_component(breaker: CircuitBreaker) -> Component:
    if breaker.state == "closed":
        return Component(status="ok", detail="reads are answered")
    return Component(status="degraded", detail="it failed repeatedly and is left alone; a probe looks for its return")


def _log_component(writer: LogWriter) -> Component:
    counts = writer.counts
    if counts.refused:
        detail = f"{counts.refused} entries were refused: the store and the disk were too slow for the queue"
        return Component(status="failing", detail=detail)
    if counts.spooled:
        return Component(status="degraded", detail=f"{counts.spooled} entries wait on disk for the online store")
    return Component(status="ok", detail=f"{counts.streamed} entries written, {counts.waiting} under way")


def _kafka_component(kafka: KafkaLog) -> Component:
    counts = kafka.counts
    detail = f"{counts.sent} sent, {counts.waiting} under way, {counts.failed} refused, {counts.dropped} dropped"
    if counts.waiting and counts.problem is not None:
        return Component(status="degraded", detail=f"{detail}: {counts.problem}")
    # Nothing is lost by what Kafka lacks: the stream has every entry.
    return Component(status="degraded" if counts.failed or counts.dropped else "ok", detail=detail)
