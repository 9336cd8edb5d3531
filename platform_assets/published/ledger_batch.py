"""Which batch consumers read, as the ledger knows it."""

from platform_assets.ledger.database import Ledger
from platform_assets.ledger.publication_stamps import stamps_of
from platform_assets.ledger.publications import Publication
from platform_assets.published.status import PublishedBatch


def published_batch(ledger: Ledger, publication: Publication) -> PublishedBatch:
    """Return what the published file and its status say of a publication."""
    return PublishedBatch(
        product=publication.product,
        release_id=publication.release_id,
        model_version=publication.model_version,
        revision=publication.revision,
        batch_digest=publication.digest,
        stamps=stamps_of(ledger, publication),
    )
