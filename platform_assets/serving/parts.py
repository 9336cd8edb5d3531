"""The parts of one endpoint, joined: what the routes work with."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from platform_assets.access.words import UNVERSIONED, Resource
from platform_assets.clock import BusinessClock
from platform_assets.serving.admission import Admission
from platform_assets.serving.cache.prediction_cache import PredictionCache
from platform_assets.serving.deployments.service import Deployments
from platform_assets.serving.events.desk import EventDesk
from platform_assets.serving.examination import examine
from platform_assets.serving.health import Component, Health
from platform_assets.serving.heart import Heart
from platform_assets.serving.jobs.service import Jobs
from platform_assets.serving.journal import Journal
from platform_assets.serving.model_run import ModelRun
from platform_assets.serving.published.batches import PublishedBatches
from platform_assets.serving.releases import Releases
from platform_assets.serving.sources import BatchSource, FeatureSource
from platform_assets.serving.telemetry.metrics import Metrics
from platform_assets.serving.traffic.routing import Traffic
from platform_assets.serving.traffic.watch import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the routes work with; tests put other sources in."""

    heart: Heart
    releases: Releases
    features: FeatureSource
    metrics: Metrics
    components: Callable[[], dict[str, Component]] = dict
    jobs: Jobs | None = None
    deployments: Deployments | None = None
    published: PublishedBatches | None = None
    events: EventDesk | None = None

    def version_of(self, product: str, resource: Resource, *, of_file: bool) -> int | str:
        """Return the version of a product's output that is in force, or that of its published file.

        Where nothing is in force nothing is answered; who may read the file is then told that there is one.
        """
        in_force = self.heart.asked_for(product, "read").version
        if resource != "published_predictions" or self.published is None or not (of_file or in_force == UNVERSIONED):
            return in_force
        found = self.published.version(product)
        return in_force if found is None else found

    async def refresh(self, *, only: str | None = None, again: bool = False) -> None:
        """Follow the live pointers and show the outcome in the metrics."""
        await self.releases.refresh(only=only, again=again)
        await self.heart.batches.prepare([name for name, each in self.releases.states.items() if each.live])
        self.heart.traffic.watch.beat()
        self.metrics.show_releases(
            [
                (name, each.live.release.release_id, each.live.release.model_version, each.state)
                for name, each in self.releases.states.items()
                if each.live is not None
            ]
        )

    async def examine(self) -> Health:
        """Return the health of the whole endpoint."""
        return await examine(self.releases, self.features, self.components())


def assemble(
    *,
    releases: Releases,
    features: FeatureSource,
    batches: BatchSource,
    journal: Journal,
    clock: BusinessClock,
    wall: Callable[[], dt.datetime],
    cache: PredictionCache | None = None,
) -> Parts:
    """Return the parts around these sources; without a `cache` each process has one of its own."""
    metrics = Metrics()
    heart = Heart(
        releases=releases,
        features=features,
        batches=batches,
        journal=journal,
        metrics=metrics,
        clock=clock,
        wall=wall,
        model=ModelRun(metrics=metrics, wall_s=lambda: wall().timestamp(), cache=cache),
        admission=Admission(metrics),
        traffic=Traffic(Watch(releases, metrics)),
    )
    return Parts(heart=heart, releases=releases, features=features, metrics=metrics)
