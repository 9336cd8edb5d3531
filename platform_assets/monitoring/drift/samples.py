"""What is compared: the model's inputs and the scores of many rows, from a table, from a batch or from answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from platform_assets.contract.product import Product
from platform_assets.inference.frame import Column, Floats, Frame
from platform_assets.inference.on_demand import apply_on_demand

_CALENDAR = frozenset({"hour_of_day", "day_of_week", "half_hour_slot"})
_MOST_ROWS = 200_000  # more say nothing more of a distribution and cost a sort each


@dataclass(frozen=True, slots=True)
class Sample:
    """Inputs by name and scores of some rows.

    Numbers are float64 with NaN for missing, categories objects with None; scores of classes are text. `stands_for` is
    how many scores these stand for evenly, None where they stand for themselves. `independent` is the share of the rows
    that are not repetitions of an entity at one instant: a car park with a row per slot is one witness, not eighteen.
    """

    inputs: Mapping[str, Column]
    scores: Column
    rows: int
    stands_for: int | None = None
    independent: float = 1.0


def sample_of(product: Product, frame: Frame, scores: Floats) -> Sample:
    """Return the inputs that the product's model takes of a frame, on-demand ones computed, and scores.

    Instants drift by nature and are left out, with what is only the hour or weekday of one, and what the frame does not
    have. Of more than 200,000 rows some are
    taken, evenly.
    """
    rows = len(next(iter(frame.values()), ()))
    every = max(-(-rows // _MOST_ROWS), 1)
    thin = {name: column[::every] for name, column in frame.items()}
    columns = apply_on_demand(product.on_demand, thin, known_only=True)
    wanted = [name for name in product.model_inputs if name in columns and not _is_instant(product, name)]
    inputs = {name: columns[name] for name in wanted}
    return Sample(inputs, scores_of(product, scores), rows, independent=_independent(product, thin))


def scores_of(product: Product, scores: Floats) -> Column:
    """Return scores as they are compared: numbers that are finite, or the text of their class."""
    finite = scores[np.isfinite(scores)]
    if product.score.kind != "class":
        return finite[:: max(-(-len(finite) // _MOST_ROWS), 1)]
    names = np.array([*product.score.classes], dtype=object)
    known = finite[(finite >= 0) & (finite < len(names))].astype(np.int64)
    classes: Column = names[known]
    return classes


def together(samples: Sequence[Sample]) -> Sample:
    """Return several samples as one, with the inputs that all of them have."""
    if not samples:
        return Sample({}, np.empty(0), 0)
    rows = sum(one.rows for one in samples)
    shared = [name for name in samples[0].inputs if all(name in one.inputs for one in samples)]
    return Sample(
        {name: np.concatenate([one.inputs[name] for one in samples]) for name in shared},
        np.concatenate([one.scores for one in samples]),
        rows,
        independent=sum(one.independent * one.rows for one in samples) / rows if rows else 1.0,
    )


def _independent(product: Product, frame: Frame) -> float:
    who, when = frame.get(product.entity.row_keys[0]), frame.get("event_at")
    if who is None or when is None or not len(who):
        return 1.0
    return len(set(zip(map(str, who.tolist()), when.tolist(), strict=True))) / len(who)


def _is_instant(product: Product, name: str) -> bool:
    # Names tell the kind of stored features: `_at` are instants.
    return (
        name.endswith("_at")
        or any(field.name == name and field.type == "timestamp" for field in product.request)
        or any(feature.name == name and feature.operation in _CALENDAR for feature in product.on_demand)
    )
