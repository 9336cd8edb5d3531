"""Brings what consumers read in line with the ledger after a decision by hand: published file and last batch."""

import datetime as dt
from dataclasses import dataclass

from platform_assets.batch.online_publication import publish_last_batch
from platform_assets.batch.published_view import PublishedView, write_published_view
from platform_assets.contract.product import Product
from platform_assets.errors import OnlineStoreError
from platform_assets.ledger.database import Ledger
from platform_assets.settings import Settings


@dataclass(frozen=True, slots=True)
class Consumers:
    """What consumers read now. `online_problem` says why the endpoint's last batch is still another one, if it is."""

    view: PublishedView
    online_problem: str | None


def follow_publication(settings: Settings, ledger: Ledger, product: Product, *, at: dt.datetime) -> Consumers:
    """Write the published file and the endpoint's last batch of a product again; a repeat changes nothing.

    An online store that is away is told and stops nothing: the next online snapshot brings it in line as well.
    """
    view = write_published_view(settings, product, at=at)
    if product.online is None:
        return Consumers(view, None)
    try:
        publish_last_batch(settings, ledger, product)
    except OnlineStoreError as error:
        return Consumers(view, str(error))
    return Consumers(view, None)
