"""What the ledger tells an operator about releases: which there are, which is in force and who moved the pointer."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from platform_assets.contract.product import Product
from platform_assets.errors import UnknownRecordError
from platform_assets.inference.bundle_manifest import MANIFEST_FILE
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.release import Release
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.ledger.database import Ledger
    from platform_assets.ledger.decisions import Decision
    from platform_assets.ledger.releases import ReleaseRecord
    from platform_assets.registry.model_record import ModelRecord


class ReleaseLine(msgspec.Struct, frozen=True, kw_only=True):
    """One release; `has_bundle` says that its directory is there, and a rollback verifies every byte of it."""

    product: str
    release_id: str
    model_version: int
    is_in_force: bool
    has_bundle: bool
    created_at: dt.datetime
    created_by: str
    reason: str


class PointerChange(msgspec.Struct, frozen=True, kw_only=True):
    """One move of the live pointer, or of the feature snapshot by a rollback: from what to what, when, by whom, why."""

    product: str
    at: dt.datetime
    by: str
    reason: str
    from_release: str | None
    to_release: str
    snapshot_id: str | None


class ReleaseDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A release with its whole content, its times in force and what people decided about its model version.

    `record` is the registry's record of the version, `gates` are the verdicts of its last approval, with their numbers.
    """

    line: ReleaseLine
    document: Release
    bundle: str
    changes: list[PointerChange]
    decisions: "list[Decision]"
    record: "ModelRecord"
    gates: list[str]


def release_lines(settings: Settings, ledger: "Ledger | None", products: Sequence[Product]) -> list[ReleaseLine]:
    """Return the releases of these products, oldest first within each."""
    if ledger is None:
        return []
    from platform_assets.ledger.releases import releases

    return [_line(settings, one) for product in products for one in releases(ledger, product.name)]


def release_details(settings: Settings, ledger: "Ledger | None", release_id: str) -> ReleaseDetails:
    """Return all about one release; raises UnknownRecordError."""
    if ledger is None:
        raise UnknownRecordError(kind="release", key=release_id, remedy="nothing was ever released here")
    from platform_assets.ledger.decisions import decisions, model_version_subject
    from platform_assets.ledger.releases import get_release
    from platform_assets.registry.model_record import model_record

    found = get_release(ledger, release_id)
    document = msgspec.convert(found.document, Release)
    decided = decisions(ledger, "model_version", model_version_subject(found.product, found.model_version))
    return ReleaseDetails(
        line=_line(settings, found),
        document=document,
        bundle=str(settings.home / document.bundle_path),
        changes=[
            one for one in pointer_changes(ledger, found.product) if release_id in {one.from_release, one.to_release}
        ],
        decisions=decided,
        record=model_record(ledger, found.product, found.model_version),
        gates=_verdicts(decided),
    )


def _verdicts(decided: "Sequence[Decision]") -> list[str]:
    told = [made.evidence.get("verdicts", []) for made in decided if made.verdict == "approved"]
    return list(told[-1]) if told else []


def pointer_changes(ledger: "Ledger | None", product: str) -> list[PointerChange]:
    """Return every move of a product's live pointer and every return of its snapshot, oldest first."""
    if ledger is None:
        return []
    from platform_assets.ledger.decisions import decisions
    from platform_assets.ledger.releases import pointer_moves

    returned = {(made.decided_at, made.evidence["to_release"]): made for made in decisions(ledger, "rollback", product)}
    changes = []
    for move in pointer_moves(ledger, product):
        made = returned.pop((move.moved_at, move.release_id), None)
        changes.append(
            PointerChange(
                product=product,
                at=move.moved_at,
                by=move.moved_by,
                reason=move.reason,
                from_release=move.previous,
                to_release=move.release_id,
                snapshot_id=made.evidence["snapshot_id"] if made else None,
            )
        )
    return sorted([*changes, *map(_of_snapshot, returned.values())], key=lambda change: change.at)


def _of_snapshot(made: "Decision") -> PointerChange:
    return PointerChange(
        product=made.subject,
        at=made.decided_at,
        by=made.decided_by,
        reason=made.reason,
        from_release=made.evidence["from_release"],
        to_release=made.evidence["to_release"],
        snapshot_id=made.evidence["snapshot_id"],
    )


def _line(settings: Settings, found: "ReleaseRecord") -> ReleaseLine:
    live = read_live(settings.releases_dir, found.product)
    bundle = settings.home / str(found.document["bundle_path"])
    return ReleaseLine(
        product=found.product,
        release_id=found.release_id,
        model_version=found.model_version,
        is_in_force=live is not None and live.release_id == found.release_id,
        has_bundle=(bundle / MANIFEST_FILE).exists(),
        created_at=found.created_at,
        created_by=found.created_by,
        reason=found.reason,
    )
