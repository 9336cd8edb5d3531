"""Gathers what a staged batch is judged by: the batch before, the training reference, labels that have arrived."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from platform_assets.batch.guarding.comparison import seasons_before
from platform_assets.batch.guarding.evidence import (
    Evidence,
    LastBatch,
    Matured,
    Rows,
    ScoredRows,
)
from platform_assets.batch.guarding.keys import row_keys
from platform_assets.batch.output_versions import version_of
from platform_assets.batch.publication import BatchRun
from platform_assets.batch.publication_rows import PublicationRows
from platform_assets.batch.published_view import read_publication
from platform_assets.clock import midnight
from platform_assets.contract.product import Product
from platform_assets.features.memory_database import Bounds
from platform_assets.inference.score_reference import read_reference
from platform_assets.ledger.artifacts import artifact_id, get_artifact
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.publications import Publication, current_publication, publication_before
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa


def gather(
    settings: Settings, ledger: Ledger, run: BatchRun, staged: Rows, inputs: Rows, *, bounds: Bounds | None = None
) -> Evidence:
    """Return the evidence on a staged batch; `inputs` are the rows of the population that were to be scored.

    LakeWriteError is raised, here or while it is judged, when a published batch cannot be read whole: without it
    nothing is judged or published.
    """
    product, before = run.product, _batch_before(settings, ledger, run)
    return Evidence(
        product=product,
        as_of=run.as_of,
        model_version=run.release.model_version,
        release_id=run.release.release_id,
        table=staged,
        population=inputs,
        last=_last(settings, product, before) if before else None,
        reference=read_reference(settings.home / run.release.bundle_path),
        matured=_matured(settings, ledger, run),
        bounds=bounds,
    )


def _batch_before(settings: Settings, ledger: Ledger, run: BatchRun) -> Publication | None:
    """Return the published batch to compare with: that of the season, else the newest of an earlier as-of.

    One of another version of the output is none: its scores mean something else.
    """
    for day in seasons_before(run.product, run.as_of):
        found = current_publication(ledger, run.product.name, day.date().isoformat())
        if found and _is_comparable(settings, run, found):
            return found
    before = publication_before(ledger, run.product.name, run.day)
    return before if before and _is_comparable(settings, run, before) else None


def _is_comparable(settings: Settings, run: BatchRun, publication: Publication) -> bool:
    return version_of(settings, publication) in {None, run.release.contract_version}


def _last(settings: Settings, product: Product, publication: Publication) -> LastBatch:
    rows = PublicationRows(settings.predictions_dir / product.name, publication)
    return LastBatch(_as_of(publication), publication.model_version, ScoredRows(rows))


def _matured(settings: Settings, ledger: Ledger, run: BatchRun) -> Matured | None:
    """Return the newest published batch whose labels were all known by the as-of, None without one."""
    product = run.product
    newest = run.as_of - dt.timedelta(hours=product.label.horizon_hours)
    publication = publication_before(ledger, product.name, newest.date().isoformat())
    if publication is None or not _is_comparable(settings, run, publication):
        return None
    if product.score.kind == "class" or product.guardrails.off_reason("calibration"):
        return None
    inputs = _inputs(ledger, product, publication)
    if inputs is None:
        return None
    from platform_assets.features.population import label_examples  # noqa: PLC0415 - imports DuckDB

    examples = label_examples(settings, product, inputs)
    rows = read_publication(settings, product, publication, columns=["row_key", "score"])
    labels = dict(zip(row_keys(product, examples), examples.column("label").to_pylist(), strict=True))
    label = np.array([labels.get(key) for key in rows.column("row_key").to_pylist()], dtype=np.float64)
    scores = rows.column("score").to_numpy()
    known = np.isfinite(label) & np.isfinite(scores)
    return Matured(_as_of(publication), scores[known], label[known])


def _inputs(ledger: Ledger, product: Product, publication: Publication) -> "pa.Table | None":
    """Return what a batch was scored from, as examples to label; None when it is gone or of an older declaration."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

    recorded = get_artifact(ledger, artifact_id("publication", product.name, publication.digest))
    path = Path(get_artifact(ledger, recorded.inputs[0]).uri)
    wanted = ("row_id", "as_of", "event_at", *product.entity.row_keys, *(field.name for field in product.request))
    if not path.exists() or not set(wanted) <= set(pq.read_schema(path).names):
        return None
    return pq.read_table(path, columns=list(dict.fromkeys(wanted)))


def _as_of(publication: Publication) -> dt.datetime:
    return midnight(dt.date.fromisoformat(publication.as_of))
