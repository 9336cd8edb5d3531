"""The published batches of one day and model version: what a fallback answer was taken from."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from platform_assets.audit.batch_answers import publication_behind
from platform_assets.audit.replay.recorded_rows import Row, read_rows
from platform_assets.errors import NotMaterializedError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.publications import Publication, publications
from platform_assets.settings import Settings


@dataclass(frozen=True, slots=True)
class PublishedRows:
    """Every revision, oldest first, and its rows by row key."""

    revisions: Sequence[Publication]
    rows: Mapping[str, Mapping[str, Row]]  # by digest of the batch, then by row key

    def at(self, instant: dt.datetime, key: str) -> Row | None:
        """Return the row that was published last before an instant; None where there was none of this key."""
        behind = publication_behind(self.revisions, instant)
        return self.rows.get(behind.digest, {}).get(key) if behind else None


def published_rows(settings: Settings, ledger: Ledger, product: str, day: dt.date, model_version: int) -> PublishedRows:
    """Return the revisions of a day and version that the ledger knows; what the table lacks has no rows."""
    told = [one for one in publications(ledger, product, day.isoformat()) if one.model_version == model_version]
    filters = [("prediction_date", "=", day), ("model_version", "=", model_version)]
    try:
        found = read_rows(settings.predictions_dir / product, filters).to_pylist()
    except NotMaterializedError:
        found = []
    rows: dict[str, dict[str, Row]] = {one.digest: {} for one in told}
    for row in found:
        rows.setdefault(row["batch_digest"], {})[row["row_key"]] = row
    return PublishedRows(told, rows)
