"""Batches by the version of the output's contract that they were published under."""

import logging

from platform_assets.batch.publication import BatchRun
from platform_assets.contract.compatibility import breaking_changes
from platform_assets.contract.compile import read_product
from platform_assets.contract.product import Product
from platform_assets.errors import BundleError, ContractBrokenError
from platform_assets.inference.release import Release, read_release
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.publications import Publication, publications
from platform_assets.settings import Settings

LOG = logging.getLogger("platform.batch")


def version_of(settings: Settings, publication: Publication) -> int | None:
    """Return the version of the output that a batch was published under, None where its release cannot be read."""
    release = _release_of(settings, publication)
    return None if release is None else release.contract_version


def newest_of_version(settings: Settings, ledger: Ledger, product: str, version: int) -> Publication | None:
    """Return the batch of the newest as-of that was published under a version and not withdrawn."""
    standing = (one for one in reversed(publications(ledger, product)) if one.state == "published")
    return next((one for one in standing if version_of(settings, one) == version), None)


def require_unbroken(settings: Settings, ledger: Ledger, run: BatchRun, declared: Product) -> None:
    """Raise ContractBrokenError for a batch of a declaration that breaks its output version for readers of batches.

    It is held against the last batch that an earlier model published under the same version, so that the way back to an
    earlier release is never closed by what came after it.
    """
    for publication in reversed(publications(ledger, run.product.name)):
        if publication.model_version >= run.release.model_version or publication.state != "published":
            continue
        before = _release_of(settings, publication)
        if before is None or before.contract_version != run.release.contract_version:
            continue
        try:
            told = read_product((settings.home / before.bundle_path / "product.json").read_bytes())
        except FileNotFoundError:
            LOG.warning("the bundle of release %s is gone: its batch is no measure of this one", before.release_id)
            continue
        found = breaking_changes(told, declared)
        if found:
            raise ContractBrokenError(
                product=run.product.name,
                version=before.contract_version,
                release=before.release_id,
                breaks="; ".join(map(str, found)),
            )
        return


def _release_of(settings: Settings, publication: Publication) -> Release | None:
    try:
        return read_release(settings.releases_dir, publication.product, publication.release_id)
    except BundleError as error:
        LOG.warning("release %s of a published batch cannot be read: %s", publication.release_id, error)
        return None
