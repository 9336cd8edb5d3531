"""What a release must show before it answers anybody: finite scores in range for rows of its own declaration."""

import numpy as np

from platform_assets.clock import epoch_seconds
from platform_assets.contract.datasets import DATASETS
from platform_assets.errors import ModelUnusableError
from platform_assets.inference.bundle import Bundle
from platform_assets.inference.frame import Column, take_rows, to_column
from platform_assets.inference.scoring import score
from platform_assets.serving.row_schema import RowSchema

_STORED_VALUES = (np.nan, 0.0, 1.0)  # nothing known, and two plain customers
_WARM_UP_CALLS = 3


def smoke_test(bundle: Bundle, schema: RowSchema) -> None:
    """Score the declaration's example alone and among others; the first calls also warm the engine up.

    Raises ModelUnusableError for a score that is not finite and in range, or that depends on its neighbours.
    """
    frame = example_frame(bundle, schema)
    together = score(bundle, frame)
    for _ in range(_WARM_UP_CALLS):
        alone = score(bundle, take_rows(frame, slice(0, 1)))
    if not together.is_valid.all():
        bad = together.score[~together.is_valid][0]
        raise ModelUnusableError(file="model", problem=f"the smoke test gives {bad}, outside the declared range")
    if alone.score.tobytes() != together.score[:1].tobytes():
        raise ModelUnusableError(file="model", problem="a row scored alone differs from the same row among others")


def example_frame(bundle: Bundle, schema: RowSchema) -> dict[str, Column]:
    """Return a few rows built from the examples of the declaration, at the end of the product's data."""
    copies = len(_STORED_VALUES)
    frame: dict[str, Column] = {
        field.name: to_column([field.example] * copies, field.type) for field in schema.fields.values()
    }
    frame.update({name: np.array(_STORED_VALUES) for name in schema.stored})
    frame["event_at"] = np.full(copies, epoch_seconds(DATASETS[bundle.product.dataset].replay_now))
    return frame
