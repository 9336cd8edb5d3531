"""A home in which one release is in force and a second one is on its way, with the endpoint's word on it."""

import datetime as dt
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from platform_assets.contract import names
from platform_assets.contract.product import Product
from platform_assets.contract.rollout import RolloutPlan
from platform_assets.experiments.evidence import Evidence
from platform_assets.experiments.summary import Summary
from platform_assets.inference.live_pointer import LivePointer, LiveRollout, read_live
from platform_assets.inference.release import Release
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.orchestration.rollout_driver import Stepped, take_step
from platform_assets.registry.pair import HALVES, PAIR_TAG
from platform_assets.registry.tracking import tracking_client
from platform_assets.rollouts.report import RolloutReport
from platform_assets.settings import Settings
from platform_assets.training.approval import release_newest
from tests.integration.report_server import ReportServer
from tests.unit.experiments.rollout_samples import seen
from tests.unit.registry.registry_home import RegistryHome, registry_home, small_product

PRODUCT = "churn"
PLAN = RolloutPlan()
FIRST_AT = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)
BEGUN_AT = dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC)
GOOD = seen(5000, 5)


@dataclass(frozen=True)
class RolloutHome:
    """The first release is in force, the second in a step of its plan; `server` tells what its endpoint has seen."""

    settings: Settings
    server: ReportServer
    first: Release
    second: Release

    @property
    def product(self) -> Product:
        return small_product(rollout=PLAN)

    @property
    def ledger(self) -> Ledger:
        return open_ledger(self.settings.ledger_dsn)

    @property
    def live(self) -> LivePointer:
        live = read_live(self.settings.releases_dir, PRODUCT)
        assert live is not None
        return live

    @property
    def rollout(self) -> LiveRollout:
        rollout = self.live.rollout
        assert rollout is not None
        return rollout

    @property
    def state(self) -> tuple[int, str | None]:
        """Return the version in force and the step that the other one is in."""
        version = {self.first.release_id: 1, self.second.release_id: 2}[self.live.release_id]
        return version, self.live.rollout.step_name if self.live.rollout else None

    def tell(self, candidate: Summary = GOOD, *, control: Summary = GOOD, step_name: str | None = None) -> None:
        """Let the endpoint tell of the step that is under way, or still of another one."""
        rollout = self.rollout
        self.server.report = RolloutReport(
            product=PRODUCT,
            rollout_id=rollout.rollout_id,
            release_id=rollout.release_id,
            step_name=step_name or rollout.step_name,
            told_at=BEGUN_AT,
            evidence=Evidence(
                rollout_since=rollout.since, step_since=rollout.step_since, candidate=candidate, control=control
            ),
        )

    def step(self, *, hours: float = 0.0, run_id: str = "run") -> Stepped:
        """Let the driver take a step, so many hours after the beginning of the one that is under way."""
        since = self.live.rollout.step_since if self.live.rollout else self.live.moved_at
        at = since + dt.timedelta(hours=hours)
        return take_step(self.settings, self.product, RunFacts(run_id=run_id, at=at, code_version="c" * 16))

    def aliased(self, alias: str = names.ALIAS) -> set[int | None]:
        """Return the versions that an alias of both halves names; None where there is no such alias."""
        client = tracking_client(self.settings)
        found: set[int | None] = set()
        for half in HALVES:
            name = names.registered_model(PRODUCT, half)
            version = client.get_registered_model(name).aliases.get(alias)
            tags = client.get_model_version(name, version).tags if version else {}
            found.add(int(tags[PAIR_TAG]) if tags else None)
        return found

    def tags(self, version: int) -> dict[str, str]:
        """Return the tags of the model of a version in MLflow."""
        client = tracking_client(self.settings)
        found = client.search_model_versions(f"name = '{names.registered_model(PRODUCT, 'model')}'")
        return next(dict(one.tags) for one in found if one.tags[PAIR_TAG] == str(version))


def train_rollout(home: Path) -> tuple[RegistryHome, Release, Release]:
    """Train and approve two versions; the second one begins its rollout."""
    made = registry_home(home)
    product = made.product(rollout=PLAN)
    made.train()
    first = release_newest(made.settings, made.ledger, product, RunFacts("train", FIRST_AT, "c" * 16))
    made.use(pa.concat_tables([made.examples] * 2))
    made.train()
    second = release_newest(made.settings, made.ledger, product, RunFacts("train", BEGUN_AT, "c" * 16))
    assert second.begun is not None
    return made, first.release, second.begun


def copied(trained: tuple[RegistryHome, Release, Release], home: Path, server: ReportServer) -> RolloutHome:
    """Return a copy in another home whose endpoint is the given server."""
    made, first, second = trained
    shutil.copytree(made.settings.home, home, dirs_exist_ok=True)
    settings = replace(made.settings, home=home, endpoint_port=server.server_port)
    return RolloutHome(settings, server, first, second)
