"""Published batches that carry something recalled: taken from consumers together, and never deleted."""

from collections.abc import Sequence

from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Decision, Mandate, last_decision, record_decision
from platform_assets.ledger.publications import Publication, get_publication, restore_publication, withdraw_publication


def withdraw_recalled(ledger: Ledger, batches: Sequence[Publication], recall: Decision, mandate: Mandate) -> list[int]:
    """Withdraw all of these batches in one transaction and return the numbers of those that were published until then.

    Each is a decision of its own that names the recall. Where an as-of has no other batch it shows none.
    """
    with ledger.transaction():
        found = [get_publication(ledger, one.publication_id) for one in batches]
        taken = [one for one in found if one.state == "published"]
        for one in taken:
            evidence = {"product": one.product, "as_of": one.as_of, "digest": one.digest, "recall": recall.subject}
            record_decision(
                ledger,
                mandate,
                kind="publication",
                subject=str(one.publication_id),
                verdict="withdrawn",
                evidence=evidence,
            )
            withdraw_publication(ledger, one.publication_id)
    return [one.publication_id for one in taken]


def restore_recalled(ledger: Ledger, batch: Publication, mandate: Mandate) -> Publication:
    """Publish a batch again that a recall had withdrawn and that is sound by now; a decision of its own says so."""
    with ledger.transaction():
        record_decision(
            ledger,
            mandate,
            kind="publication",
            subject=str(batch.publication_id),
            verdict="released",
            evidence={"product": batch.product, "as_of": batch.as_of, "digest": batch.digest},
        )
        return restore_publication(ledger, batch.publication_id)


def was_recalled(ledger: Ledger, publication: Publication) -> bool:
    """Tell whether a batch was withdrawn by a recall and by nothing else."""
    found = last_decision(ledger, "publication", str(publication.publication_id))
    return found is not None and found.verdict == "withdrawn" and "recall" in found.evidence
