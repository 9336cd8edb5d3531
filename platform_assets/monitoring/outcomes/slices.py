"""Which declared slices a prediction lies in: those by which the product's evaluation is split too."""

from typing import TYPE_CHECKING

import numpy as np

from platform_assets.contract.product import Product
from platform_assets.features.frames import to_frame
from platform_assets.inference.on_demand import apply_on_demand

if TYPE_CHECKING:
    import pyarrow as pa


def slices_of(product: Product, inputs: "pa.Table") -> list[list[str]]:
    """Return the names of the slices of each row, in declared order; a row without the value is in none."""
    found: list[list[str]] = [[] for _ in range(inputs.num_rows)]
    if not product.slices:
        return found
    columns = apply_on_demand(product.on_demand, to_frame(product, inputs), known_only=True)
    for part in product.slices:
        if part.column not in columns:
            continue
        values = np.asarray(columns[part.column], dtype=np.float64)
        for place in np.flatnonzero((values >= part.low) & (values <= part.high)):
            found[place].append(part.name)
    return found
