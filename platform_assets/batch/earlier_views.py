"""The last good batch of each earlier version of an output, as a file beside the current one until its sunset.

Nothing is scored for an earlier version any more: its batch grows older, and says so by `valid_until` and its age.
"""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from platform_assets.batch.output_versions import newest_of_version
from platform_assets.contract.product import Product
from platform_assets.inference.durable import sync_directory
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.publications import Publication
from platform_assets.published.ledger_batch import published_batch
from platform_assets.published.rows import batch_of_version, write_published_file
from platform_assets.published.versions import version_path, version_paths
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    Read = Callable[[Publication], pa.Table]


def write_earlier_views(settings: Settings, ledger: Ledger, product: Product, read: "Read", *, at: dt.datetime) -> None:
    """Bring the files of the earlier versions in line with the ledger and the calendar; a repeat writes nothing.

    Call it as the sole publisher. `read` gives the rows of a publication. A version past its sunset, or without a batch
    that stands, has no file; who has opened one reads it out.
    """
    due = {}
    for earlier in product.earlier_versions:
        found = newest_of_version(settings, ledger, product.name, earlier.version) if at < earlier.sunset_at else None
        if found is not None:
            due[version_path(settings, product.name, earlier.version)] = (earlier.version, found)
    _remove_others(settings, product, keep=set(due))
    for path, (version, publication) in due.items():
        batch = msgspec.structs.replace(published_batch(ledger, publication), output_version=version)
        if batch_of_version(settings, product, version) != batch:
            write_published_file(settings, product, read(publication), batch, path=path)


def remove_earlier_views(settings: Settings, product: Product) -> None:
    """Take the files of all earlier versions from consumers."""
    _remove_others(settings, product, keep=set())


def _remove_others(settings: Settings, product: Product, *, keep: set[Path]) -> None:
    gone = [path for path in version_paths(settings, product.name) if path not in keep]
    for path in gone:
        path.unlink(missing_ok=True)
    if gone:
        sync_directory(settings.published_dir, fsync=settings.fsync)
