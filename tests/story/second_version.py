"""A product with one version in force and a second one, trained on later data, that is to be approved."""

import datetime as dt
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import dagster as dg
import msgspec
import numpy as np

from platform_assets.clock import wall_now
from platform_assets.contract.product import Product
from platform_assets.contract.rollout import Gates, HardLimits, RolloutPlan, Step
from platform_assets.inference.bundle import load_bundle
from platform_assets.inference.live_pointer import LivePointer, read_live
from platform_assets.inference.pointer_moves import PointerMove, read_moves
from platform_assets.inference.release import Release
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.online.connection import connect
from platform_assets.online.layout import Manifest
from platform_assets.online.snapshot_copy import KeySetTable
from platform_assets.online.snapshot_writer import publish_snapshot
from platform_assets.orchestration.rollout_job import rollout_job, rollout_job_name, rollout_sensor
from platform_assets.settings import Settings
from platform_assets.training.approval import Approval, release_newest
from platform_assets.training.candidates import train_candidate
from tests.unit.registry.registry_home import RegistryHome, registry_home, small_product
from tests.unit.training.conftest import _examples

PRODUCT = "churn"
CUSTOMERS = [str(number) for number in range(20_000, 20_600)]
AS_OF = dt.datetime(2011, 12, 9, tzinfo=dt.UTC)
SECOND = 1.0 / 3600.0
# Models of few made-up examples differ by 0.2 from one quarter to the next.
DRIFT = 0.35
# Short steps and small samples; callers on a busy machine are answered late, which is no fault of a release.
QUICK = RolloutPlan(
    own_steps=(
        Step(name="shadow", share=0.0, hours=SECOND),
        Step(name="canary", share=0.2, hours=SECOND),
        Step(name="half", share=0.5, hours=SECOND),
        Step(name="all", share=1.0, hours=SECOND),
    ),
    gates=Gates(min_answers=200, max_error_rate=0.04, p99_ms=2000.0, max_score_drift=DRIFT),
    hard=HardLimits(min_answers=200, max_error_rate=0.05, p99_ms=4000.0),
)


@dataclass
class SecondVersion:
    """Where the first version is in force; the second one is trained and not approved yet."""

    settings: Settings
    first: Release
    product: Product
    instance: dg.DagsterInstance = field(default_factory=dg.DagsterInstance.ephemeral)

    @property
    def ledger(self) -> Ledger:
        return open_ledger(self.settings.ledger_dsn)

    @property
    def live(self) -> LivePointer:
        live = read_live(self.settings.releases_dir, PRODUCT)
        assert live is not None
        return live

    @property
    def moves(self) -> list[PointerMove]:
        return read_moves(self.settings.releases_dir, PRODUCT, up_to=self.live.sequence)

    def approve(self) -> Approval:
        """Let the gates decide on the second version, which puts it on its way."""
        return release_newest(self.settings, self.ledger, self.product, run_facts("approve"))

    def tick(self) -> str:
        """Do what Dagster's daemon does every half minute: the sensor looks, and its run is carried out."""
        definitions = dg.Definitions(
            jobs=[rollout_job(self.product, self.settings)], sensors=[rollout_sensor(self.product, self.settings)]
        )
        sensor = definitions.resolve_sensor_def(f"{PRODUCT}_rollout")
        context = dg.build_sensor_context(instance=self.instance, repository_def=definitions.get_repository_def())
        data = sensor.evaluate_tick(context)
        if not data.run_requests:
            return data.skip_message or ""
        job = definitions.resolve_job_def(rollout_job_name(PRODUCT))
        result = job.execute_in_process(instance=self.instance, raise_on_error=False)
        return f"a run that {'succeeded' if result.success else 'failed'}"

    def drive_until(self, is_so: Callable[[LivePointer], bool], *, within_s: float = 120.0) -> list[str]:
        """Drive until the pointer is as wanted; return what the ticks told. Fails when it never is."""
        told, deadline = list[str](), time.monotonic() + within_s
        while not is_so(self.live):
            assert time.monotonic() < deadline, f"{self.live}\n" + "\n".join(told[-20:])
            told.append(self.tick())
            time.sleep(0.1)
        return told

    def drive_until_told(self, word: str, *, within_s: float = 120.0) -> str:
        """Drive until a tick says this word, and return what it said. Fails when none does."""
        told, deadline = self.tick(), time.monotonic() + within_s
        while word not in told:
            assert time.monotonic() < deadline, told
            time.sleep(0.1)
            told = self.tick()
        return told


def run_facts(run_id: str) -> RunFacts:
    return RunFacts(run_id=run_id, at=wall_now(), code_version="c" * 16)


def weekly_product(plan: RolloutPlan) -> Product:
    """Return the declared product with a small model, examples of every week, a plan, and a model for every answer."""
    declared = small_product(rollout=plan)
    assert declared.online is not None
    split = msgspec.structs.replace(declared.split, step="week")
    return msgspec.structs.replace(declared, split=split, online=msgspec.structs.replace(declared.online, cache=None))


def train_both(home: Path) -> tuple[RegistryHome, Release]:
    """Train and approve a first version, and train a second one on the data of three months more."""
    made = registry_home(home)
    later = weekly_product(QUICK)
    earlier = msgspec.structs.replace(
        later, split=msgspec.structs.replace(later.split, cutoff=later.split.cutoff - dt.timedelta(weeks=13))
    )
    first = None
    for product in (earlier, later):
        made.use(_examples(product))
        train_candidate(made.settings, made.ledger, product, run_facts("train"))
        first = first or release_newest(made.settings, made.ledger, product, run_facts("approve")).release
    assert first is not None
    return made, first


def second_version(trained: tuple[RegistryHome, Release], settings: Settings, plan: RolloutPlan) -> SecondVersion:
    """Return a copy of a trained home under a plan, with stored features of every customer in the online store."""
    made, first = trained
    shutil.copytree(made.settings.home, settings.home, dirs_exist_ok=True)
    layout = msgspec.json.decode(load_bundle(settings.home / first.bundle_path).features, type=Manifest)
    chance = np.random.default_rng(20111209)
    tables = [
        KeySetTable(
            key_columns=[CUSTOMERS],
            event_times=np.full((len(CUSTOMERS), len(key_set.views)), AS_OF.timestamp()),
            values=chance.gamma(2.0, 1.0, size=(len(CUSTOMERS), len(key_set.columns))),
        )
        for key_set in layout.key_sets
    ]
    with connect(settings.online_url) as store:
        publish_snapshot(store, layout, tables, as_of=AS_OF.timestamp(), snapshot_id="story", settings=settings)
    return SecondVersion(settings, first, weekly_product(plan))


def at_port(story: SecondVersion, port: int) -> SecondVersion:
    """Return the story with an endpoint that listens at a port."""
    return replace(story, settings=replace(story.settings, endpoint_port=port))
