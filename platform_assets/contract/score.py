"""What a score means, and what it must not be used for."""

from typing import Literal

import msgspec

ScoreKind = Literal["probability", "estimate", "class"]


class Threshold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Turns a probability into a label: `at_or_above` from `value` on, else `below`."""

    value: float
    at_or_above: str
    below: str


class Score(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The semantics of a score; consumers rely on nothing else.

    A score of kind `class` is the position of its name in `classes`. `low` and `high` are inclusive bounds that the
    output guard enforces.
    """

    meaning: str
    kind: ScoreKind
    low: float
    high: float
    unit: str
    intended_use: str
    known_limitations: tuple[str, ...]
    classes: tuple[str, ...] = ()
    threshold: Threshold | None = None
    schema_version: int = 1
