"""What a staged batch must satisfy before it is published, with the levels at which it warns and is refused."""

from typing import Literal, get_args

import msgspec

GuardrailName = Literal[
    "schema",  # columns and types
    "identity",  # every row says which batch it belongs to, and its label follows from its score
    "value_range",
    "null_ratio",
    "row_count",
    "row_count_change",
    "coverage",  # rows of the population without a row in the batch
    "foreign_rows",  # rows that nobody asked for
    "unique_rows",
    "same_score",  # share of the commonest score
    "fewer_scores",  # loss of different scores against the last batch
    "psi_from_last",
    "ks_from_last",
    "quantiles_from_last",
    "psi_from_training",
    "ks_from_training",
    "quantiles_from_training",
    "score_jumps",  # share of entities whose score moved far
    "unmoved_scores",  # share of entities whose score did not move at all
    "new_entities",
    "lost_entities",
    "mean_score",  # against the base rates of the training data
    "calibration",  # of the newest batch whose truth has arrived
]
GUARDRAILS: tuple[GuardrailName, ...] = get_args(GuardrailName)


class Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The levels of one guardrail: above `warn` it warns, above `fail` the batch is refused; None never does."""

    guardrail: GuardrailName
    warn: float | None = None
    fail: float | None = None


class SwitchedOff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A guardrail that does not apply to a product, and why."""

    guardrail: GuardrailName
    reason: str


# Shares are from 0 to 1. What chance explains at the sizes compared is added before a shift is judged.
DEFAULT_LIMITS: dict[GuardrailName, Limit] = {
    limit.guardrail: limit
    for limit in (
        Limit(guardrail="schema", fail=0.0),
        Limit(guardrail="identity", fail=0.0),
        Limit(guardrail="value_range", fail=0.0),
        Limit(guardrail="row_count", fail=0.0),
        Limit(guardrail="coverage", warn=0.0, fail=0.01),
        Limit(guardrail="foreign_rows", fail=0.0),
        Limit(guardrail="unique_rows", fail=0.0),
        Limit(guardrail="same_score", warn=0.5, fail=0.9),
        Limit(guardrail="fewer_scores", warn=0.3, fail=0.6),
        Limit(guardrail="psi_from_last", warn=0.1, fail=0.25),
        Limit(guardrail="ks_from_last", warn=0.1, fail=0.2),
        Limit(guardrail="quantiles_from_last", warn=0.15, fail=0.3),
        Limit(guardrail="psi_from_training", warn=0.25, fail=1.0),
        Limit(guardrail="ks_from_training", warn=0.2, fail=0.4),
        Limit(guardrail="quantiles_from_training", warn=0.3, fail=0.6),
        Limit(guardrail="score_jumps", warn=0.05, fail=0.2),
        Limit(guardrail="unmoved_scores", warn=0.6, fail=0.9),
        Limit(guardrail="new_entities", warn=0.1, fail=0.25),
        Limit(guardrail="lost_entities", warn=0.1, fail=0.25),
        Limit(guardrail="mean_score", warn=0.05, fail=0.15),
        Limit(guardrail="calibration", warn=0.1, fail=None),
    )
}
# These have a field of their own below.
OWN_FIELDS: frozenset[GuardrailName] = frozenset({"row_count", "null_ratio", "row_count_change"})


class Guardrails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a batch must satisfy before it is published; the valid range comes from the score's semantics.

    `limits` replace the default ones, guardrail by guardrail. A score has jumped when it moved by more than
    `jump_size` in its own unit; None means any change of a class, a quarter of the range of a probability, and for an
    estimate a quarter of the spread (tenth to ninetieth percentile) of the last batch. With `season_days` a batch is
    compared with one of that many days before, or of a few times as many; with any other one it only warns.
    """

    min_rows: int
    max_null_ratio: float = 0.0
    max_row_change_ratio: float = 0.5
    jump_size: float | None = None
    season_days: int | None = None
    limits: tuple[Limit, ...] = ()
    off: tuple[SwitchedOff, ...] = ()

    def limit(self, guardrail: GuardrailName) -> Limit:
        """Return the levels of a guardrail: the declared ones, else the default ones."""
        if guardrail == "null_ratio":
            return Limit(guardrail=guardrail, fail=self.max_null_ratio)
        if guardrail == "row_count_change":
            bound = self.max_row_change_ratio
            return Limit(guardrail=guardrail, warn=bound / 2, fail=bound)
        declared = (limit for limit in self.limits if limit.guardrail == guardrail)
        return next(declared, DEFAULT_LIMITS[guardrail])

    def off_reason(self, guardrail: GuardrailName) -> str | None:
        """Return why a guardrail is switched off, None where it is not."""
        return next((one.reason for one in self.off if one.guardrail == guardrail), None)
