"""The instants of a publication that its ages are measured from, as the ledger holds them."""

import datetime as dt

from platform_assets.clock import midnight, parse_instant
from platform_assets.contract.ages import Stamps
from platform_assets.errors import UnknownRecordError
from platform_assets.ledger.artifacts import artifact_id, get_artifact
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.publications import Publication

SOURCE_AT = "newest_event_at"


def stamps_of(ledger: Ledger, publication: Publication) -> Stamps:
    """Return as-of, publication and newest raw event of a batch; no event where it was published without one."""
    return Stamps(
        as_of=midnight(dt.date.fromisoformat(publication.as_of)),
        published_at=publication.published_at,
        source_at=_source_at(ledger, publication),
    )


def _source_at(ledger: Ledger, publication: Publication) -> dt.datetime | None:
    try:
        made = get_artifact(ledger, artifact_id("publication", publication.product, publication.digest))
    except UnknownRecordError:
        return None
    told = made.details.get(SOURCE_AT)
    return parse_instant(told) if told else None
