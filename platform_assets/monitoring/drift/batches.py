"""Published batches as samples: what they were scored from and their scores."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from platform_assets.clock import midnight
from platform_assets.contract.product import Product
from platform_assets.errors import InputsUnusableError, UnknownRecordError
from platform_assets.inference.frame import Floats
from platform_assets.lakehouse.read import read_table
from platform_assets.ledger.artifacts import artifact_id, get_artifact
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.publications import Publication, current_publication, publication_before
from platform_assets.monitoring.drift.samples import Sample, sample_of, scores_of, together
from platform_assets.settings import Settings

WINDOWS_BEFORE = 4


@dataclass(frozen=True, slots=True)
class Batch:
    """A published batch with its inputs and scores; `problem` says why its inputs cannot be read."""

    publication: Publication
    sample: Sample
    problem: str = ""

    @property
    def window(self) -> dt.date:
        """Its as-of day."""
        return dt.date.fromisoformat(self.publication.as_of)


def published_sample(settings: Settings, ledger: Ledger, product: Product) -> Batch | None:
    """Return the newest published batch, None before the first; raises NotMaterializedError without its table."""
    found = current_publication(ledger, product.name)
    return _batch(settings, ledger, product, found) if found else None


def samples_before(settings: Settings, ledger: Ledger, product: Product, batch: Batch) -> Sample:
    """Return up to four published batches before this one; of other model versions the inputs alone.

    With a declared season they are those of the same place in it: a Sunday is compared with Sundays.
    """
    version, found = batch.publication.model_version, []
    for publication in _before(ledger, product, batch.publication):
        sample = _batch(settings, ledger, product, publication).sample
        found.append(sample if publication.model_version == version else replace(sample, scores=sample.scores[:0]))
    return together([one for one in found if one.rows])


def _batch(settings: Settings, ledger: Ledger, product: Product, publication: Publication) -> Batch:
    from platform_assets.features.frames import to_frame  # noqa: PLC0415 - imports pyarrow
    from platform_assets.features.recorded_inputs import read_recorded_inputs  # noqa: PLC0415 - as above

    scores = _scores(settings, product, publication)
    try:
        recorded = get_artifact(ledger, artifact_id("publication", product.name, publication.digest))
        table = read_recorded_inputs(settings, get_artifact(ledger, recorded.inputs[0]))
    except (UnknownRecordError, InputsUnusableError) as error:
        return Batch(publication, Sample({}, scores_of(product, scores), 0), str(error))
    return Batch(publication, sample_of(product, to_frame(product, table), scores))


def _before(ledger: Ledger, product: Product, publication: Publication) -> Iterator[Publication]:
    days = product.guardrails.season_days
    for _ in range(WINDOWS_BEFORE):
        if days is None:
            found = publication_before(ledger, product.name, publication.as_of)
        else:
            day = midnight(dt.date.fromisoformat(publication.as_of)) - dt.timedelta(days=days)
            found = current_publication(ledger, product.name, day.date().isoformat())
        if found is None:
            return
        yield found
        publication = found


def _scores(settings: Settings, product: Product, publication: Publication) -> Floats:
    filters = [
        ("prediction_date", "=", dt.date.fromisoformat(publication.as_of)),
        ("model_version", "=", publication.model_version),
        ("batch_digest", "=", publication.digest),
    ]
    rows = read_table(settings.predictions_dir / product.name, columns=["score"], filters=filters)
    values: Floats = rows.column("score").to_numpy().astype(np.float64)
    return values
