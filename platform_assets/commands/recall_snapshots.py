"""Takes recalled feature snapshots offline: the newest sound one is live again, or the model is asked no more."""

from contextlib import suppress
from dataclasses import dataclass

import msgspec

from platform_assets.audit.impact import Impact
from platform_assets.commands.recall_traffic import switch_off
from platform_assets.errors import NoReleaseError, OnlineStoreError, RecalledError
from platform_assets.inference.bundle import load_bundle
from platform_assets.inference.live_pointer import LivePointer, read_live
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
from platform_assets.rollouts.experiments import running_experiment


@dataclass(frozen=True, slots=True)
class SnapshotAfterRecall:
    """Which feature snapshot a service of a product has live; None where no sound one is left and it is off."""

    product: str
    service: str
    before: str | None
    snapshot_id: str | None
    problem: str | None = None


def take_offline(hand: Hand, ledger: Ledger, impact: Impact) -> tuple[SnapshotAfterRecall, ...]:
    """Let no answer be made from an affected snapshot; returns those that were live. A repeat moves nothing.

    Whoever may answer has a snapshot of its feature service: the release in force, one on its way, kept or on trial.
    """
    name = hand.product.name
    affected = impact.digests("online_snapshot", name)
    live = read_live(hand.settings.releases_dir, name)
    if live is None or hand.product.online is None or not affected:
        return ()
    told = [_take(hand, ledger, live, release, affected) for release in _by_service(hand, live)]
    return tuple(one for one in told if one is not None)


def _by_service(hand: Hand, live: LivePointer) -> list[Release]:
    """Return one release per feature service from which answers are made, the one in force first."""
    releases_dir, name = hand.settings.releases_dir, hand.product.name
    in_force, running = read_release(releases_dir, name, live.release_id), running_experiment(releases_dir, name)
    others = [
        *([live.rollout.release_id] if live.rollout else []),
        *(kept.release_id for kept in live.kept),
        *(variant.release for variant in (running.experiment.variants if running else ())),
    ]
    found = {in_force.feature_service: in_force}
    for release_id in others:
        with suppress(NoReleaseError):  # what is gone answers nothing
            release = read_release(releases_dir, name, release_id)
            found.setdefault(release.feature_service, release)
    return list(found.values())


def _take(
    hand: Hand, ledger: Ledger, live: LivePointer, release: Release, affected: frozenset[str]
) -> SnapshotAfterRecall | None:
    name, service = hand.product.name, release.feature_service
    recorded = current_snapshot(ledger, service)
    try:
        with connect(hand.settings.online_url) as client:
            before = live_snapshot(client, service)
    except OnlineStoreError as error:
        if recorded is None or recorded.snapshot_id not in affected:
            return None
        # Nobody can say what the store will hold when it is back: until somebody looks again, it is not asked.
        problem = switch_off(hand, _now(hand, live)) or str(error)
        return SnapshotAfterRecall(name, service, recorded.snapshot_id, None, problem)
    if before not in affected:
        if before is not None and recorded is not None and recorded.snapshot_id in affected:
            _record(hand, ledger, live, service, recorded.snapshot_id, before)  # a killed recall had put it back
        return None
    chosen = _put_newest_sound_back(hand, ledger, release, affected)
    if chosen is None:
        return SnapshotAfterRecall(name, service, before, None, switch_off(hand, _now(hand, live)))
    _record(hand, ledger, live, service, before, chosen)
    return SnapshotAfterRecall(name, service, before, chosen)


def _now(hand: Hand, live: LivePointer) -> LivePointer:
    """Return the pointer as it is after what was done for another service."""
    return read_live(hand.settings.releases_dir, hand.product.name) or live


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


def _record(hand: Hand, ledger: Ledger, live: LivePointer, service: str, before: str | None, chosen: str) -> None:
    """Say in the ledger which snapshot is live, in the words of a rollback that leaves the release where it is."""
    with ledger.transaction():
        roll_back_to(ledger, service, chosen)
        record_decision(
            ledger,
            hand.mandate,
            kind="rollback",
            subject=hand.product.name,
            verdict="rolled_back",
            evidence={
                "from_release": live.release_id,
                "to_release": live.release_id,
                "sequence": _now(hand, live).sequence,
                "service": service,
                "from_snapshot": before,
                "snapshot_id": chosen,
                "as_of": None,
                "run_id": hand.run.run_id,
            },
        )
