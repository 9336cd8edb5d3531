"""A home with two approved releases of a product and a feature snapshot of each one's time."""

import datetime as dt
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from platform_assets.inference.bundle import load_bundle
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.release import Release
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.ledger.snapshots import record_snapshot
from platform_assets.online.connection import connect
from platform_assets.online.layout import Manifest
from platform_assets.online.slots import read_pointer
from platform_assets.online.snapshot_copy import KeySetTable, copy_path
from platform_assets.online.snapshot_writer import publish_snapshot
from platform_assets.settings import Settings
from platform_assets.training.approval import release_newest
from tests.unit.registry.registry_home import registry_home

PRODUCT = "churn"
CUSTOMER = "13085"
FIRST_AT = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)
SECOND_AT = dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)
NINE = dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC)
SNAPSHOT_AFTER = dt.timedelta(minutes=10)
AS_OF = dt.datetime(2011, 12, 9, tzinfo=dt.UTC)


@dataclass(frozen=True)
class TwoReleases:
    """The second release and snapshot are in force; the first ones were before."""

    settings: Settings
    first: Release
    second: Release

    @property
    def ledger(self) -> Ledger:
        return open_ledger(self.settings.ledger_dsn)

    @property
    def state(self) -> tuple[int, str]:
        """Return the version that the live pointer names and the live snapshot: what a rollback moves together."""
        live = read_live(self.settings.releases_dir, PRODUCT)
        assert live is not None
        version = {self.first.release_id: 1, self.second.release_id: 2}[live.release_id]
        with connect(self.settings.online_url) as client:
            pointer = read_pointer(client, self.first.feature_service)
        assert pointer is not None
        return version, pointer.snapshot_id

    def publish_snapshot(
        self, snapshot_id: str, *, value: float, at: dt.datetime, customers: Sequence[str] = (CUSTOMER,)
    ) -> None:
        """Make a snapshot of some customers live, every number being `value`, and record it."""
        layout = self.layout
        tables = [
            KeySetTable(
                key_columns=[list(customers)],
                event_times=np.full((len(customers), len(key_set.views)), AS_OF.timestamp()),
                values=np.full((len(customers), len(key_set.columns)), value),
            )
            for key_set in layout.key_sets
        ]
        with connect(self.settings.online_url) as client:
            made = publish_snapshot(
                client, layout, tables, as_of=AS_OF.timestamp(), snapshot_id=snapshot_id, settings=self.settings
            )
        record_snapshot(
            self.ledger,
            service=layout.service,
            snapshot_id=snapshot_id,
            as_of=AS_OF,
            rows=made.rows,
            changed=made.changed,
            deleted=made.deleted,
            published_at=at,
            run_id="sync",
            uri=str(copy_path(self.settings.snapshots_dir, layout.service, snapshot_id)),
        )

    @property
    def layout(self) -> Manifest:
        bundle = load_bundle(self.settings.home / self.first.bundle_path)
        return msgspec.json.decode(bundle.features, type=Manifest)


def train_two(home: Path) -> TwoReleases:
    """Train and approve two versions, an hour or two apart; nothing is in the online store."""
    made = registry_home(home)
    releases = []
    for at, examples in ((FIRST_AT, made.examples), (SECOND_AT, pa.concat_tables([made.examples] * 2))):
        made.use(examples)
        made.train()
        run = RunFacts(run_id="train", at=at, code_version="c" * 16)
        releases.append(release_newest(made.settings, made.ledger, made.product(), run).release)
    return TwoReleases(made.settings, *releases)


def with_snapshots(trained: TwoReleases, settings: Settings, *, customers: Sequence[str] = (CUSTOMER,)) -> TwoReleases:
    """Return a copy in another home and online store, with the snapshot of each release's time."""
    shutil.copytree(trained.settings.home, settings.home, dirs_exist_ok=True)
    home = TwoReleases(settings, trained.first, trained.second)
    home.publish_snapshot("first", value=1.0, at=FIRST_AT + SNAPSHOT_AFTER, customers=customers)
    home.publish_snapshot("second", value=2.0, at=SECOND_AT + SNAPSHOT_AFTER, customers=customers)
    return home
