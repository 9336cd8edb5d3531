"""One process at a time brings what consumers read in line with the ledger.

Of two at once, the one that looked earlier would otherwise be free to write last, and consumers would go back to the
batch before the newest.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from platform_assets.contract.product import Product
from platform_assets.settings import Settings


@contextmanager
def sole_publisher(settings: Settings, product: Product) -> Iterator[None]:
    """Wait until no other process publishes to the consumers of a product; what is current is to be read inside.

    The lock is on the product's table folder itself, so it leaves nothing behind and ends with its holder.
    """
    table = settings.predictions_dir / product.name
    table.mkdir(parents=True, exist_ok=True)
    folder = os.open(table, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
