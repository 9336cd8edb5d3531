"""A recalled feature snapshot goes offline in every feature service from which a product may answer."""

import msgspec
import numpy as np
import pytest

from platform_assets.audit.impact import find_impact
from platform_assets.commands.recall_snapshots import SnapshotAfterRecall, take_offline
from platform_assets.inference.live_pointer import read_live
from platform_assets.ledger.artifacts import get_artifact
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.manifest import record
from platform_assets.ledger.recalls import record_recall
from platform_assets.ledger.snapshots import current_snapshot, record_snapshot
from platform_assets.online.connection import connect
from platform_assets.online.snapshot_copy import KeySetTable
from platform_assets.online.snapshot_writer import publish_snapshot
from platform_assets.orchestration.rollout_by_hand import Hand
from platform_assets.registry.snapshot_return import live_snapshot
from platform_assets.rollouts.moves import Pointers, begin
from platform_assets.settings import Settings
from tests.unit.batch.batch_home import WALL, facts
from tests.unit.serving.conftest import AS_OF, Publisher, feature_layout, product_named
from tests.unit.serving.traffic.rolling import plan_of, word

CHURN = product_named("churn")
NEXT = msgspec.structs.replace(CHURN, features=msgspec.structs.replace(CHURN.features, version=2))
ANN = Mandate(by="ann", at=WALL, reason="the file was cut off")


@pytest.fixture
def settings(online_store: Settings) -> Settings:
    """Return a release in force and one with another feature service on its way; neither has a snapshot yet."""
    publisher = Publisher(online_store.home)
    first = publisher.publish("churn")
    candidate = publisher.publish("churn", model_version=2, product=NEXT)
    publisher.point_at("churn", first.release_id)
    pointers = Pointers(releases_dir=online_store.releases_dir, fsync=False)
    begin(pointers, "churn", release_id=candidate.release_id, plan=plan_of(), word=word())
    return online_store


def publish(settings: Settings, ledger: Ledger, snapshot_id: str, value: float) -> str:
    """Make a snapshot of the candidate's service live and record it; returns its artifact."""
    layout = feature_layout(NEXT)
    tables = [
        KeySetTable(
            key_columns=[["13085"]],
            event_times=np.full((1, len(key_set.views)), AS_OF.timestamp()),
            values=np.full((1, len(key_set.columns)), value),
        )
        for key_set in layout.key_sets
    ]
    with connect(settings.online_url) as client:
        made = publish_snapshot(
            client, layout, tables, as_of=AS_OF.timestamp(), snapshot_id=snapshot_id, settings=settings
        )
    record_snapshot(
        ledger,
        service=layout.service,
        snapshot_id=snapshot_id,
        as_of=AS_OF,
        rows=made.rows,
        changed=made.changed,
        deleted=made.deleted,
        published_at=WALL,
        run_id="sync",
        uri=snapshot_id,
    )
    return record(ledger, facts(), kind="online_snapshot", name="churn", digest=snapshot_id, uri="", inputs=[])


def recall(settings: Settings, ledger: Ledger, artifact: str) -> tuple[SnapshotAfterRecall, ...]:
    record_recall(ledger, artifact, ANN, {})
    impact = find_impact(settings, ledger, get_artifact(ledger, artifact), unsound_only=True)
    return take_offline(Hand(settings, CHURN, ANN, facts("recall")), ledger, impact)


def live_of_candidate(settings: Settings) -> str | None:
    with connect(settings.online_url) as client:
        return live_snapshot(client, "churn_v2")


def test_a_release_on_its_way_gets_its_newest_sound_snapshot_back(settings: Settings) -> None:
    ledger = open_ledger(settings.ledger_dsn)
    publish(settings, ledger, "sound", 1.0)
    spoiled = publish(settings, ledger, "spoiled", 2.0)
    (done,) = recall(settings, ledger, spoiled)
    assert (done.service, done.before, done.snapshot_id) == ("churn_v2", "spoiled", "sound")
    assert live_of_candidate(settings) == "sound"
    recorded = current_snapshot(ledger, "churn_v2")
    assert recorded is not None
    assert recorded.snapshot_id == "sound"
    assert recall(settings, ledger, spoiled) == ()


def test_without_a_sound_snapshot_of_a_release_on_its_way_the_product_is_switched_off(settings: Settings) -> None:
    ledger = open_ledger(settings.ledger_dsn)
    (done,) = recall(settings, ledger, publish(settings, ledger, "spoiled", 2.0))
    assert (done.before, done.snapshot_id) == ("spoiled", None)
    live = read_live(settings.releases_dir, "churn")
    assert live is not None
    assert live.off is not None
