"""Counts the rows of each publication beside the population that it was made for."""

from platform_assets.errors import UnknownRecordError
from platform_assets.ledger.artifacts import artifact_id, get_artifact
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.publications import Publication, publications
from platform_assets.ledger.sla_counts import Objected, Units, add_units, keep_reading, last_reading


def count_coverage(ledger: Ledger, product: str) -> None:
    """Add the rows of every publication that was not counted yet, to the hour in which it was published.

    A batch that a guardrail refused publishes nothing and is no part of it: the promises of freshness tell of it.
    """
    source, last_id = f"publications of {product}", "publication_id"
    with ledger.transaction():
        last = last_reading(ledger, source)
        counted = last[1][last_id] if last else 0.0
        new = [one for one in publications(ledger, product) if one.publication_id > counted]
        for one in new:
            due = _population(ledger, one)
            units = Units(min(float(one.row_count), due), due)
            add_units(ledger, Objected(product, "batch", "coverage"), units, one.published_at)
        if new:
            newest = max(new, key=lambda one: one.publication_id)
            keep_reading(ledger, source, {last_id: float(newest.publication_id)}, newest.published_at)


def _population(ledger: Ledger, publication: Publication) -> float:
    """Return the rows that were to be scored; 0, so that nothing is counted, where the manifest does not know them."""
    try:
        made = get_artifact(ledger, artifact_id("publication", publication.product, publication.digest))
        inputs = [get_artifact(ledger, one) for one in made.inputs]
    except UnknownRecordError:
        return 0.0
    return float(sum(one.details["rows"] for one in inputs if one.kind == "batch_input"))
