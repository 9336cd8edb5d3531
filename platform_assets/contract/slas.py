"""What an output is held to over weeks: shares of good units, error budgets, and what repeated breaches demand."""

from typing import Annotated, Literal

import msgspec

Mode = Literal["batch", "online"]
Measure = Literal["freshness", "availability", "latency", "error_rate", "coverage"]
_Share = Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)]
_AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]


class Objective(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At least `target_ratio` of the units of a window are good; the rest is the error budget.

    Units are quarters of an hour for freshness, probes of the endpoint for availability, answers for latency and
    error rate, and rows of the population for coverage. With fewer than `min_units` in its window nothing is judged.
    """

    measure: Measure
    target_ratio: _Share
    min_units: _AtLeastOne = 30


class BatchSla(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the batch mode of a product is held to; its owner is the product's."""

    objectives: tuple[Objective, ...] = (
        Objective(measure="freshness", target_ratio=0.99),
        Objective(measure="coverage", target_ratio=0.99),
    )
    window_days: _AtLeastOne = 30
    repeated_breaches: _AtLeastOne = 3
    repeated_within_days: _AtLeastOne = 30


class OnlineSla(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the online mode of a product is held to; its owner is that of the online block.

    An answer is fast within `latency_p95_ms` of the online block, and an error is an answer with a status of 500 or
    above.
    """

    objectives: tuple[Objective, ...] = (
        Objective(measure="freshness", target_ratio=0.99),
        Objective(measure="availability", target_ratio=0.999),
        Objective(measure="latency", target_ratio=0.95),
        Objective(measure="error_rate", target_ratio=0.999),
    )
    window_days: _AtLeastOne = 30
    repeated_breaches: _AtLeastOne = 3
    repeated_within_days: _AtLeastOne = 30
