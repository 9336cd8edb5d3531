"""Whether the newest batch was refused: the last good one is read meanwhile, and somebody has to look."""

import datetime as dt

from platform_assets.contract.product import Product
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import last_decision
from platform_assets.ledger.promises import Observation
from platform_assets.ledger.publications import Publication, publications
from platform_assets.ledger.quarantined import QuarantineRecord, quarantined_batches
from platform_assets.settings import Settings


def observe_guardrails(_settings: Settings, ledger: Ledger, product: Product, _at: dt.datetime) -> list[Observation]:
    """Return the promise that no refused batch is the newest: broken while one waits and nothing newer is published.

    A person ends it by releasing or dropping the batch, and a later run by publishing one of its as-of or after.
    """
    made = publications(ledger, product.name)
    refused = quarantined_batches(ledger, product.name)
    waiting = [batch for batch in refused if is_waiting(ledger, batch, made)]
    is_known = bool(made or refused)
    newest = waiting[-1] if waiting else None
    return [
        Observation(
            product=product.name,
            promise="guardrails",
            state="broken" if newest else "kept" if is_known else "unknown",
            value=float(len(waiting)) if is_known else None,
            limit=0.0,
            unit="refused batches",
            facts=_facts(newest) if newest else {},
        )
    ]


def is_waiting(ledger: Ledger, batch: QuarantineRecord, made: list[Publication]) -> bool:
    """Tell whether nobody decided about a refused batch and nothing that replaces it was published."""
    if any(one.as_of > batch.as_of or _replaces(one, batch) for one in made if one.state == "published"):
        return False
    return last_decision(ledger, "quarantined_batch", str(batch.quarantine_id)) is None


def _replaces(one: Publication, batch: QuarantineRecord) -> bool:
    is_later = one.as_of == batch.as_of and one.published_at > batch.quarantined_at
    return is_later or one.digest == batch.digest


def _facts(batch: QuarantineRecord) -> dict[str, object]:
    return {
        "quarantine_id": batch.quarantine_id,
        "as_of": batch.as_of,
        "quarantined_at": batch.quarantined_at,
        "run_id": batch.run_id,
        "reasons": batch.reasons,
        "next_step": f"platform quarantine show {batch.quarantine_id}",
    }
