"""Mean and spread of the stored features of the newest rows: the rows are only kept, and looked at when it is told.

A worker keeps its newest rows per product; the windows of several workers become one by adding their moments.
"""

from collections import deque
from collections.abc import Iterable, Sequence

import numpy as np

from platform_assets.contract.product import Product
from platform_assets.serving.telemetry.moments import Moments

WINDOW_ROWS = 256
_LOOK_EVERY_S = 5.0


class FeatureWindows:
    """The newest rows of each product; keeping one costs an append to a list of bounded length."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._rows: dict[str, deque[Sequence[float]]] = {}
        self._products: dict[str, Product] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._looked_at = -_LOOK_EVERY_S
        self._has_more = False

    def keep(self, product: Product, rows: Iterable[Sequence[float]]) -> None:
        """Keep rows of the stored features of a product; a release that has others begins a new window."""
        if self._products.get(product.name) is not product:
            self._begin(product)
        self._rows[product.name].extend(rows)
        self._has_more = True

    def look(self, moments: Moments, now: float) -> Moments:
        """Return the moments of what is kept; those given where they are of the last seconds, or nothing is new."""
        if not self._has_more or now - self._looked_at < _LOOK_EVERY_S:
            return moments
        self._looked_at, self._has_more = now, False
        found: Moments = {}
        for product, names in self._names.items():
            if names and self._rows[product]:
                found.update(_moments(product, names, list(self._rows[product])))
        return found

    def _begin(self, product: Product) -> None:
        self._products[product.name], names = product, product.stored_columns
        if self._names.get(product.name) != names:
            self._names[product.name], self._rows[product.name] = names, deque(maxlen=WINDOW_ROWS)


def _moments(product: str, names: tuple[str, ...], rows: list[Sequence[float]]) -> Moments:
    matrix = np.array(rows, dtype=np.float64)
    is_known = np.isfinite(matrix)
    known = is_known.sum(axis=0)
    divisor = np.maximum(known, 1)
    mean = np.where(is_known, matrix, 0.0).sum(axis=0) / divisor
    squares = np.square(np.where(is_known, matrix - mean, 0.0)).sum(axis=0)
    columns = zip(names, known.tolist(), mean.tolist(), squares.tolist(), strict=True)
    return {(product, name): [float(len(rows)), float(n), m, s] for name, n, m, s in columns}
