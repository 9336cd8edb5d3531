"""Which published batches lie there to be read, and how old they are now; nothing of their rows is opened here."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from platform_assets.errors import NothingPublishedError
from platform_assets.published.status import PublishedStatus, arrow_path, read_status
from platform_assets.settings import Settings


@dataclass(frozen=True, slots=True)
class Offer:
    """A published batch as it is offered: its file, which holds this batch and no other, and its status now."""

    path: Path
    status: PublishedStatus
    age_seconds: float
    is_stale: bool

    @property
    def action_allowed(self) -> bool:
        """Whether machines may act on the valid rows of the batch."""
        return self.status.action_allowed and not self.is_stale


@dataclass(frozen=True, slots=True)
class PublishedBatches:
    """The published batches of one platform."""

    settings: Settings
    wall: Callable[[], dt.datetime]

    def version(self, product: str) -> int | None:
        """Return the version of what is published of a product, None where nothing is."""
        status = _status(self.settings, product)
        return None if status is None else status.batch.output_version

    def offer(self, product: str) -> Offer:
        """Return what is published of a product; raises NothingPublishedError. Call it in a thread."""
        status = _status(self.settings, product)
        path = None if status is None else arrow_path(self.settings, product, status.batch.batch_digest)
        if status is None or path is None or not path.is_file():
            raise NothingPublishedError(product=product)
        age_s, is_stale = status.age_seconds, status.is_stale
        if self.settings.clock_mode == "live":  # else business time stands still, and what was told stays so
            now = self.wall()
            age_s, is_stale = (now - status.batch.stamps.as_of).total_seconds(), now >= status.valid_until
        return Offer(path, status, age_s, is_stale)


def _status(settings: Settings, product: str) -> PublishedStatus | None:
    """Return the status of a product; what is no name of a product leads to no file."""
    return read_status(settings, product) if product.isidentifier() else None
