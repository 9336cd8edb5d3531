"""Which release and which feature snapshot of a product were in force when, from the records of the ledger."""

import datetime as dt

from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import decisions
from platform_assets.ledger.releases import pointer_moves
from platform_assets.ledger.snapshots import snapshots


def release_at(ledger: Ledger, product: str, instant: dt.datetime) -> str | None:
    """Return the id of the release that was in force at an instant, or None before the first."""
    before = [move.release_id for move in pointer_moves(ledger, product) if move.moved_at <= instant]
    return before[-1] if before else None


def last_reign_ended_at(ledger: Ledger, product: str, release_id: str) -> dt.datetime | None:
    """Return when another release took the place of this one for the last time; None when none ever did."""
    ends = [move.moved_at for move in pointer_moves(ledger, product) if move.previous == release_id]
    return ends[-1] if ends else None


def snapshot_at(ledger: Ledger, product: str, service: str, instant: dt.datetime) -> str | None:
    """Return the id of the feature snapshot that was live at an instant, or None before the first.

    It is the one that was last published for the first time, or put back by a rollback, until then.
    """
    published = [(one.published_at, one.snapshot_id) for one in snapshots(ledger, service)]
    put_back = [
        (made.decided_at, str(made.evidence["snapshot_id"]))
        for made in decisions(ledger, "rollback", product)
        if made.evidence["service"] == service and made.evidence["snapshot_id"]
    ]
    until_then = [event for event in sorted([*published, *put_back], key=lambda event: event[0]) if event[0] <= instant]
    return until_then[-1][1] if until_then else None
