"""What a model sees: stored features, fields of the request, and features computed on demand from both."""

from typing import Literal

import msgspec

FieldType = Literal["number", "integer", "boolean", "text", "timestamp"]
OnDemandOperation = Literal[
    "days_between",  # (later, earlier) -> days
    "minutes_between",  # (later, earlier) -> minutes
    "ratio",  # (numerator, denominator) -> quotient, missing where the denominator is 0
    "difference",  # (a, b) -> a - b
    "hour_of_day",  # (instant,) -> 0..23
    "day_of_week",  # (instant,) -> 0 (Monday)..6
    "half_hour_slot",  # (instant,) -> 0..47, the half hour of the UTC day
    "log1p",  # (a,) -> log(1 + a)
]


class RequestField(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One value that comes with each row: from the population in batch, from the payload online.

    A timestamp travels as ISO 8601 text; without a zone it is UTC. `low` and `high` are inclusive.
    """

    name: str
    type: FieldType
    description: str
    example: str | float | int | bool
    low: float | None = None
    high: float | None = None
    is_required: bool = True


class OnDemand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A feature computed by one function in training, batch and online.

    `inputs` name stored features, request fields, earlier on-demand features or `event_at` (the instant that the row
    stands for). One whose inputs all come with the request may be a join key of a feature view.
    """

    name: str
    operation: OnDemandOperation
    inputs: tuple[str, ...]
    description: str


class FeatureViewUse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The columns that a product takes from one feature view, in the order in which the model sees them."""

    view: str
    columns: tuple[str, ...]


class FeatureService(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The stored features of a product, as one versioned unit; its name is `<product>_v<version>`."""

    version: int
    views: tuple[FeatureViewUse, ...]
