"""Takes recalled feature snapshots offline: the newest sound one is live again, or the model is asked no more."""

from contextlib import suppress
from dataclasses import dataclass

import msgspec

from platform_assets.audit.impact import Impact
from platform_assets.commands.recall_traffic import switch_off
from platform_assets.errors import OnlineStoreError, RecalledError
from platform_assets.inference.bundle import load_bundle
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.release import Release, read_release
from platform_assets.ledger.artifacts import artifact_id
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import record_decision
from platform_assets.ledger.recalls import require_sound
from platform_assets.ledger.snapshots import current_snapshot, roll_back_to, snapshots
from platform_assets.online.connection import connect
from platform_assets.online.layout import Manifest
from platform_assets.orchestration.rollout_by_hand import Hand
from platform_assets.registry.snapshot_return import live_snapshot, put_back, require_snapshot


@dataclass(frozen=True, slots=True)
class SnapshotAfterRecall:
    """Which feature snapshot a product answers from; None where no sound one is left and the product is off."""

    product: str
    before: str | None
    snapshot_id: str | None
    problem: str | None = None


def take_offline(hand: Hand, ledger: Ledger, impact: Impact) -> SnapshotAfterRecall | None:
    """Let no answer be made from an affected snapshot; None where the live one is sound. A repeat moves nothing."""
    name = hand.product.name
    affected = impact.digests("online_snapshot", name)
    live = read_live(hand.settings.releases_dir, name)
    if live is None or hand.product.online is None or not affected:
        return None
    release = read_release(hand.settings.releases_dir, name, live.release_id)
    recorded = current_snapshot(ledger, release.feature_service)
    try:
        with connect(hand.settings.online_url) as client:
            before = live_snapshot(client, release.feature_service)
    except OnlineStoreError as error:
        if recorded is None or recorded.snapshot_id not in affected:
            return None
        # Nobody can say what the store will hold when it is back: until somebody looks again, it is not asked.
        problem = switch_off(hand, live) or str(error)
        return SnapshotAfterRecall(name, recorded.snapshot_id, None, problem)
    if before not in affected:
        if before is not None and recorded is not None and recorded.snapshot_id in affected:
            _record(hand, ledger, release, recorded.snapshot_id, before)  # a killed recall had put it back
        return None
    chosen = _put_newest_sound_back(hand, ledger, release, affected)
    if chosen is None:
        return SnapshotAfterRecall(name, before, None, switch_off(hand, live))
    _record(hand, ledger, release, before, chosen)
    return SnapshotAfterRecall(name, before, chosen)


def _put_newest_sound_back(hand: Hand, ledger: Ledger, release: Release, affected: frozenset[str]) -> str | None:
    bundle = load_bundle(hand.settings.home / release.bundle_path, expected_digest=release.bundle_digest)
    schema_hash = msgspec.json.decode(bundle.features, type=Manifest).schema_hash
    service = release.feature_service
    for one in reversed(snapshots(ledger, service)):
        if one.snapshot_id in affected or not _is_sound(ledger, hand.product.name, one.snapshot_id):
            continue
        with suppress(OnlineStoreError), connect(hand.settings.online_url) as client:
            require_snapshot(client, hand.settings, service, one.snapshot_id, schema_hash=schema_hash)
            put_back(client, hand.settings, service, one.snapshot_id)
            return one.snapshot_id
    return None


def _is_sound(ledger: Ledger, product: str, snapshot_id: str) -> bool:
    try:
        require_sound(ledger, [artifact_id("online_snapshot", product, snapshot_id)])
    except RecalledError:
        return False
    return True


def _record(hand: Hand, ledger: Ledger, release: Release, before: str | None, chosen: str) -> None:
    """Say in the ledger which snapshot is live, in the words of a rollback that leaves the release where it is."""
    live = read_live(hand.settings.releases_dir, hand.product.name)
    with ledger.transaction():
        roll_back_to(ledger, release.feature_service, chosen)
        record_decision(
            ledger,
            hand.mandate,
            kind="rollback",
            subject=hand.product.name,
            verdict="rolled_back",
            evidence={
                "from_release": release.release_id,
                "to_release": release.release_id,
                "sequence": live.sequence if live else 0,
                "service": release.feature_service,
                "from_snapshot": before,
                "snapshot_id": chosen,
                "as_of": None,
                "run_id": hand.run.run_id,
            },
        )
