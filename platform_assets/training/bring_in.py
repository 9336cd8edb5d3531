"""How an approved release comes in: at once, or step by step as its product declares."""

from platform_assets.contract.product import Product
from platform_assets.inference.live_pointer import move_live, read_live
from platform_assets.inference.pointer_moves import Cause
from platform_assets.inference.promotion_hold import read_holds, require_not_held
from platform_assets.inference.release import Release, read_release
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.releases import pointer_moves
from platform_assets.registry.traffic_mirror import told_moves
from platform_assets.rollouts.moves import Pointers, Word, begin
from platform_assets.settings import Settings


def may_come_in(settings: Settings, ledger: Ledger, release: Release) -> bool:
    """Tell whether the gates alone may bring a release in: nobody put it aside, and no other one is on its way."""
    live = read_live(settings.releases_dir, release.product)
    return not _was_put_aside(settings, ledger, release) and (live is None or live.rollout is None)


def has_traffic(settings: Settings, release: Release) -> bool:
    """Tell whether a release is in force or on its way."""
    live = read_live(settings.releases_dir, release.product)
    return live is not None and release.release_id in {live.release_id, live.rollout and live.rollout.release_id}


def _was_put_aside(settings: Settings, ledger: Ledger, release: Release) -> bool:
    """Tell whether this release was in force or on its way once and an older one answers: somebody went back."""
    live = read_live(settings.releases_dir, release.product)
    if live is None or live.release_id == release.release_id:
        return False
    was_live = any(move.release_id == release.release_id for move in pointer_moves(ledger, release.product))
    # Also from the files: the endpoint ends a rollout by itself, and the ledger hears of it later.
    was_tried = any(move.candidate == release.release_id for move in told_moves(settings, release.product, live))
    if not (was_live or was_tried):
        return False
    return read_release(settings.releases_dir, release.product, live.release_id).model_version < release.model_version


def bring_in(settings: Settings, product: Product, release: Release, mandate: Mandate) -> bool:
    """Put a release in force at once or on its way, as its product declares; returns False when it is there already.

    The first release of a product has nobody to be compared with and is never held: it is what ends that nothing was
    ever published. Batches have no traffic to share. Raises RolloutStateError while another release is on its way, and
    PromotionHeldError.
    """
    if has_traffic(settings, release):
        return False
    live = read_live(settings.releases_dir, release.product)
    if live is not None:
        require_not_held(release.product, read_holds(settings.releases_dir, release.product), mandate.at)
    if live is None or product.online is None:
        move_live(
            settings.releases_dir,
            release.product,
            expected_sequence=live.sequence if live else 0,
            release_id=release.release_id,
            moved_at=mandate.at,
            cause=Cause(kind="moved", by=mandate.by, reason=mandate.reason),
            fsync=settings.fsync,
        )
        return True
    begin(
        Pointers(releases_dir=settings.releases_dir, fsync=settings.fsync),
        release.product,
        release_id=release.release_id,
        plan=product.online.rollout,
        word=Word(by=mandate.by, at=mandate.at, reason=mandate.reason),
    )
    return True
