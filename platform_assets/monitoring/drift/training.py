"""What a release was trained on: its training set, as the manifest recorded it, and the scores of its training rows."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from platform_assets.contract.product import Product
from platform_assets.errors import UnknownRecordError
from platform_assets.inference.bundle import read_manifest
from platform_assets.inference.release import Release
from platform_assets.inference.score_reference import read_reference
from platform_assets.ledger.artifacts import artifact_id, get_artifact
from platform_assets.ledger.database import Ledger
from platform_assets.monitoring.drift.samples import Sample, sample_of, scores_of
from platform_assets.settings import Settings


def training_file(settings: Settings, ledger: Ledger, release: Release) -> Path | None:
    """Return the file of the training set of a release, None where that is gone; its content never changes."""
    digest = read_manifest(settings.home / release.bundle_path).training_set_digest
    try:
        made = get_artifact(ledger, artifact_id("training_set", release.product, digest))
    except UnknownRecordError:
        return None
    path = Path(made.uri)
    return path if path.is_file() else None


def training_sample(settings: Settings, ledger: Ledger, product: Product, release: Release) -> Sample | None:
    """Return all examples of the training set and the reference scores of a release; None where the set is gone.

    Raises ModelUnusableError for a damaged bundle.
    """
    import pyarrow.parquet as pq  # noqa: PLC0415 - half a second

    from platform_assets.features.frames import to_frame  # noqa: PLC0415 - as above

    path = training_file(settings, ledger, release)
    if path is None:
        return None
    reference = read_reference(settings.home / release.bundle_path)
    scores = np.array(reference.scores if reference else (), dtype=np.float64)
    made = sample_of(product, to_frame(product, pq.read_table(path)), np.empty(0))
    stands_for = reference.rows if reference else None
    return replace(made, scores=scores_of(product, scores), stands_for=stands_for)
