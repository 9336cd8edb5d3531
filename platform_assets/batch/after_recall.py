"""What consumers read after a recall: the newest sound batch, or clearly none."""

import datetime as dt
from dataclasses import dataclass

from platform_assets.batch.consumers import follow_publication
from platform_assets.batch.online_publication import publish_last_batch
from platform_assets.batch.published_view import remove_published_view
from platform_assets.contract.product import Product
from platform_assets.errors import OnlineStoreError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.publications import Publication, current_publication
from platform_assets.settings import Settings


@dataclass(frozen=True, slots=True)
class ConsumersAfterRecall:
    """What consumers of a product read after a recall; `shown` is None where no sound batch is left.

    `online_problem` says why the endpoint still has another last batch, if it has.
    """

    product: str
    shown: Publication | None
    online_problem: str | None


def follow_recall(settings: Settings, ledger: Ledger, product: Product, *, at: dt.datetime) -> ConsumersAfterRecall:
    """Bring what consumers read in line with the ledger; a repeat changes nothing.

    Where nothing sound is left the published file goes away as a whole and the endpoint's last batch is emptied, so
    that both are as before the first batch: a reader gets a clear failure or a sound batch, never a spoiled one.
    """
    if current_publication(ledger, product.name) is not None:
        followed = follow_publication(settings, ledger, product, at=at)
        return ConsumersAfterRecall(product.name, followed.view.publication, followed.online_problem)
    remove_published_view(settings, ledger, product)
    problem = None
    if product.online is not None:
        try:
            publish_last_batch(settings, ledger, product)
        except OnlineStoreError as error:
            problem = str(error)
    return ConsumersAfterRecall(product.name, None, problem)
