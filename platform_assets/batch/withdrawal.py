"""Takes a published batch from consumers: the pointer goes back to the last good one before, and nothing is deleted."""

import datetime as dt
from dataclasses import dataclass

from platform_assets.contract.product import Product
from platform_assets.errors import NothingBeforeError, UnknownRecordError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Decision, Mandate, last_decision, record_decision, require_undecided
from platform_assets.ledger.publications import Publication, current_publication, publications, withdraw_publication


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The batch that consumers no longer get, and what they read now."""

    gone: Publication
    shown: Publication
    decision: Decision


def withdraw(
    ledger: Ledger, product: Product, as_of: dt.date, mandate: Mandate, *, publication_id: int | None = None
) -> Withdrawal:
    """Withdraw what an as-of shows, or the publication of that number, in one transaction.

    Once an as-of has gone back, the older batch that it shows then is withdrawn by its number only: a command that is
    repeated, or given by two people, takes back one batch. Raises UnknownRecordError, AlreadyDecidedError, and
    NothingBeforeError when consumers would be left without any batch.
    """
    with ledger.transaction():
        chosen = _chosen(ledger, product.name, as_of.isoformat(), publication_id)
        subject = str(chosen.publication_id)
        before = last_decision(ledger, "publication", subject)
        if before is not None and before.verdict == "withdrawn":
            require_undecided(ledger, "publication", subject)
        decision = record_decision(
            ledger,
            mandate,
            kind="publication",
            subject=subject,
            verdict="withdrawn",
            evidence={"product": chosen.product, "as_of": chosen.as_of, "digest": chosen.digest},
        )
        withdraw_publication(ledger, chosen.publication_id)
        shown = current_publication(ledger, product.name)
        if shown is None:
            raise NothingBeforeError(product=product.name, as_of=chosen.as_of)
        return Withdrawal(chosen, shown, decision)


def _chosen(ledger: Ledger, product: str, day: str, publication_id: int | None) -> Publication:
    known = publications(ledger, product, day)
    if publication_id is not None:
        known = [one for one in known if one.publication_id == publication_id]
    if not known:
        key = f"{product} as of {day}" + (f" number {publication_id}" if publication_id is not None else "")
        raise UnknownRecordError(
            kind="publication", key=key, remedy=f"take one of `platform predictions list {product}`"
        )
    if publication_id is not None:
        return known[0]
    shown = current_publication(ledger, product, day)
    withdrawn = [one.publication_id for one in known if one.state == "withdrawn"]
    if withdrawn and (shown is None or shown.publication_id < withdrawn[-1]):
        require_undecided(ledger, "publication", str(withdrawn[-1]))
    return shown or known[-1]
