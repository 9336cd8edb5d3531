"""What follows when the live pointer has moved: ledger, stage and alias name the release that it names."""

from platform_assets.errors import NoReleaseError
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.release import Release, read_release
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.models import set_stage
from platform_assets.ledger.releases import live_pointer, move_pointer
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.registry.pair import point_alias
from platform_assets.settings import Settings


def follow_pointer(
    settings: Settings, ledger: Ledger, product: str, facts: RunFacts, *, moved_by: str, reason: str
) -> Release:
    """Let ledger, stage and alias agree with the pointer file, which rules; returns the release in force.

    Repeating it changes nothing, so a run that died after it moved the pointer is completed. Raises NoReleaseError.
    """
    live = read_live(settings.releases_dir, product)
    if live is None:
        raise NoReleaseError(product=product)
    release = read_release(settings.releases_dir, product, live.release_id)
    known = live_pointer(ledger, product)
    move_pointer(
        ledger,
        product,
        expected=known.release_id if known else None,
        release_id=release.release_id,
        moved_at=facts.at,
        moved_by=moved_by,
        reason=reason,
    )
    set_stage(ledger, product, release.model_version, "production")
    point_alias(settings, product, release.model_version)
    return release
