"""A candidate that passes its gates becomes the release in force; one that does not changes nothing."""

from dataclasses import dataclass

import msgspec

from platform_assets.contract.product import Product
from platform_assets.inference.bundle import load_bundle
from platform_assets.inference.live_pointer import move_live, read_live
from platform_assets.inference.release import Release, make_release, read_release, write_release
from platform_assets.ledger.artifacts import artifact_id
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.manifest import newest, record
from platform_assets.ledger.models import approve_model_version
from platform_assets.ledger.releases import pointer_moves, record_release, releases
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.registry.in_force import follow_pointer
from platform_assets.registry.versions import bundle_dir
from platform_assets.settings import Settings
from platform_assets.training.candidates import candidate_version, read_judgement
from platform_assets.training.gates import require_gates

APPROVED_BY = "gates"


@dataclass(frozen=True, slots=True)
class Approval:
    """The release in force after an approval, and whether it was made by it."""

    release: Release
    is_new: bool


def release_newest(settings: Settings, ledger: Ledger, product: Product, facts: RunFacts) -> Approval:
    """Put the newest candidate of a product in force if every gate holds; a repeat changes nothing.

    A release that was put aside for an older one (refused by the endpoint, or by hand) is not put in force again.
    Raises GateRefusedError, after which the release before stays in force, and NotMaterializedError without a
    candidate.
    """
    version = candidate_version(settings, ledger, product, facts)
    bundle = load_bundle(bundle_dir(settings, product.name, version))
    judgement = read_judgement(bundle.directory)
    require_gates(product, judgement.gates)
    reason = f"all {len(judgement.gates)} gates hold"
    known = _release_of(ledger, product.name, bundle.digest)
    release = known or make_release(
        product,
        bundle.manifest,
        bundle_path=bundle.directory.relative_to(settings.home).as_posix(),
        created_at=facts.at,
        reason=reason,
    )
    _record(settings, ledger, facts, release)
    approve_model_version(ledger, product.name, version, approved_by=APPROVED_BY, approved_at=facts.at, reason=reason)
    is_moved = not _was_put_aside(settings, ledger, release) and _put_in_force(settings, release, facts)
    in_force = follow_pointer(settings, ledger, product.name, facts, moved_by=APPROVED_BY, reason=reason)
    return Approval(in_force, is_new=is_moved)


def _release_of(ledger: Ledger, product: str, digest: str) -> Release | None:
    """Return the release that was made of this bundle before, if any."""
    found = [one for one in releases(ledger, product) if one.bundle_digest == digest]
    return msgspec.convert(found[-1].document, Release) if found else None


def _record(settings: Settings, ledger: Ledger, facts: RunFacts, release: Release) -> None:
    path = write_release(settings.releases_dir, release, fsync=settings.fsync)
    record_release(
        ledger,
        release_id=release.release_id,
        product=release.product,
        model_version=release.model_version,
        bundle_digest=release.bundle_digest,
        contract_version=str(release.contract_version),
        document=msgspec.to_builtins(release),
        created_at=release.created_at,
        created_by=APPROVED_BY,
        reason=release.reason,
    )
    record(
        ledger,
        facts,
        kind="release",
        name=release.product,
        digest=release.release_id,
        uri=str(path),
        inputs=[
            artifact_id("bundle", release.product, release.bundle_digest),
            *newest(ledger, "evaluation", release.product),
        ],
        details={"model_version": release.model_version, "approved_by": APPROVED_BY, "reason": release.reason},
    )


def _was_put_aside(settings: Settings, ledger: Ledger, release: Release) -> bool:
    """Tell whether this release was in force once and an older one took its place: somebody went back."""
    live = read_live(settings.releases_dir, release.product)
    was_live = any(move.release_id == release.release_id for move in pointer_moves(ledger, release.product))
    if live is None or live.release_id == release.release_id or not was_live:
        return False
    return read_release(settings.releases_dir, release.product, live.release_id).model_version < release.model_version


def _put_in_force(settings: Settings, release: Release, facts: RunFacts) -> bool:
    live = read_live(settings.releases_dir, release.product)
    if live is not None and live.release_id == release.release_id:
        return False
    move_live(
        settings.releases_dir,
        release.product,
        expected_sequence=live.sequence if live else 0,
        release_id=release.release_id,
        moved_at=facts.at,
        fsync=settings.fsync,
    )
    return True
