"""What follows when the live pointer has moved: ledger, stages, aliases and tags say what it says."""

from platform_assets.errors import NoReleaseError
from platform_assets.inference.live_pointer import LivePointer, read_live
from platform_assets.inference.pointer_moves import Cause
from platform_assets.inference.release import Release, read_release
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.models import set_stage
from platform_assets.ledger.releases import live_pointer, move_pointer
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.registry.traffic_labels import show_traffic
from platform_assets.registry.traffic_mirror import mirror_moves
from platform_assets.settings import Settings


def follow_pointer(
    settings: Settings, ledger: Ledger, product: str, facts: RunFacts, *, moved_by: str, reason: str
) -> Release:
    """Let ledger and MLflow agree with the pointer file, which rules; returns the release in force.

    Every kept move since the last time is recorded with its own cause; `moved_by` and `reason` stand for a move
    without one. Repeating it changes nothing, so a run that died after it moved the pointer is completed. Raises
    NoReleaseError, LedgerUnavailableError, RegistryUnavailableError, and NotMaterializedError for a pair that is not
    in MLflow.
    """
    release, live = record_pointer(settings, ledger, product, facts, moved_by=moved_by, reason=reason)
    show_traffic(settings, ledger, product, live)
    return release


def record_pointer(
    settings: Settings, ledger: Ledger, product: str, facts: RunFacts, *, moved_by: str, reason: str
) -> tuple[Release, LivePointer]:
    """Do the part of `follow_pointer` that is the ledger's; inside a transaction it belongs to it."""
    live = read_live(settings.releases_dir, product)
    if live is None:
        raise NoReleaseError(product=product)
    release = read_release(settings.releases_dir, product, live.release_id)
    with ledger.transaction():
        mirror_moves(settings, ledger, product, live, untold=Cause(kind="moved", by=moved_by, reason=reason))
        known = live_pointer(ledger, product)
        move_pointer(  # a move from before moves were kept
            ledger,
            product,
            expected=known.release_id if known else None,
            release_id=release.release_id,
            moved_at=facts.at,
            moved_by=moved_by,
            reason=reason,
        )
        _set_stages(settings, ledger, release, live)
    return release, live


def _set_stages(settings: Settings, ledger: Ledger, release: Release, live: LivePointer) -> None:
    def version_of(release_id: str) -> int:
        return read_release(settings.releases_dir, release.product, release_id).model_version

    kept = [version_of(one.release_id) for one in live.kept]
    set_stage(ledger, release.product, release.model_version, "production", kept=kept)
    if live.rollout is not None:  # one that was put aside before is tried again
        set_stage(ledger, release.product, version_of(live.rollout.release_id), "staging")
