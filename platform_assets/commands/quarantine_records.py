"""What an operator looks at before deciding about a batch in quarantine."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from platform_assets.batch.quarantine_decisions import QuarantineState, find_quarantined, quarantined_at_path, state_of
from platform_assets.errors import UnknownRecordError
from platform_assets.lakehouse.quarantine import list_quarantined
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.ledger.database import Ledger
    from platform_assets.ledger.decisions import Decision
    from platform_assets.ledger.quarantined import QuarantineRecord


class QuarantineLine(msgspec.Struct, frozen=True, kw_only=True):
    """One refused batch. `rows` is None when its directory is gone; `reasons` are the guardrails with their numbers."""

    quarantine_id: int
    product: str
    as_of: str
    state: QuarantineState
    rows: int | None
    rows_published: int | None
    guardrails: list[str]
    quarantined_at: dt.datetime
    path: Path


class QuarantineDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A refused batch with every reason, and the decision about it."""

    line: QuarantineLine
    digest: str
    run_id: str
    reasons: list[dict[str, Any]]
    decision: "Decision | None"


def quarantine_lines(settings: Settings, ledger: "Ledger | None", product: str | None) -> list[QuarantineLine]:
    """Return the refused batches of one product or of all, in the order they were refused."""
    if ledger is None:
        return []
    from platform_assets.ledger.quarantined import quarantined_batches

    return [_line(settings, ledger, batch) for batch in quarantined_batches(ledger, product)]


def quarantine_details(settings: Settings, ledger: "Ledger | None", quarantine_id: int) -> QuarantineDetails:
    """Return all about one refused batch; raises UnknownRecordError."""
    if ledger is None:
        remedy = "nothing was ever refused here"
        raise UnknownRecordError(kind="quarantined batch", key=str(quarantine_id), remedy=remedy)
    batch = find_quarantined(ledger, quarantine_id)
    return QuarantineDetails(
        line=_line(settings, ledger, batch),
        digest=batch.digest,
        run_id=batch.run_id,
        reasons=batch.reasons,
        decision=state_of(ledger, batch)[1],
    )


def _line(settings: Settings, ledger: "Ledger", batch: "QuarantineRecord") -> QuarantineLine:
    from platform_assets.ledger.publications import current_publication

    on_disk = {each.digest: each.num_rows for each in list_quarantined(settings.quarantine_dir, batch.product)}
    shown = current_publication(ledger, batch.product, batch.as_of)
    return QuarantineLine(
        quarantine_id=batch.quarantine_id,
        product=batch.product,
        as_of=batch.as_of,
        state=state_of(ledger, batch)[0],
        rows=on_disk.get(batch.digest),
        rows_published=shown.row_count if shown else None,
        guardrails=[str(reason.get("guardrail", "?")) for reason in batch.reasons],
        quarantined_at=batch.quarantined_at,
        path=quarantined_at_path(settings, batch),
    )
