"""How a product explains a score: how many reasons, in which words, and what is told of one score."""

from collections.abc import Iterator

import msgspec

from platform_assets.contract.recipes import Recipe, RfmSegments
from platform_assets.contract.rollout_rules import Broken

_MOST_REASONS = 20


class Reason(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The words for one input of the model: `higher` where its value raises the score, `lower` where it lowers it.

    They are read by people without the data beside them, so they say what the value is about and in which direction it
    speaks, not how large it is: whether a high or a low value raises the score is the model's finding.
    """

    feature: str
    higher: str
    lower: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is told of why a score is what it is; a product without this block explains nothing to anybody.

    The `top_k` inputs with the largest contributions are told in words. With `is_stored` every row of a batch keeps
    them; over HTTP a caller asks for them.
    """

    reasons: tuple[Reason, ...]
    top_k: int = 3
    is_stored: bool = True

    def words(self, feature: str, contribution: float) -> str:
        """Return the words for an input that contributes that much; plain ones where none are declared."""
        declared = next((reason for reason in self.reasons if reason.feature == feature), None)
        if declared is None:
            return f"{feature} {'raises' if contribution > 0 else 'lowers'} the score"
        return declared.higher if contribution > 0 else declared.lower


class ToldReason(msgspec.Struct, frozen=True, kw_only=True):
    """One input: its value as the model saw it (null for missing), what it adds to the margin, and that in words."""

    feature: str
    value: float | str | None
    contribution: float
    text: str


class ToldExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why a score is what it is: `baseline` plus the contributions of `reasons` plus `others` is `margin`.

    The margin is what the trees sum up, before link, calibration and guard.
    """

    margin: float
    baseline: float
    others: float
    reasons: tuple[ToldReason, ...]


def broken_explanation_rules(
    explanation: Explanation | None, recipe: Recipe, model_inputs: tuple[str, ...]
) -> Iterator[Broken]:
    """Yield every contradiction in an explanation, as triples of place, problem and remedy."""
    if explanation is None:
        return
    if isinstance(recipe, RfmSegments):
        yield "explanation", "rules have no contributions", "Leave the block out: the rules say why."
    if not 1 <= explanation.top_k <= _MOST_REASONS:
        problem = f"{explanation.top_k} is not between 1 and {_MOST_REASONS}"
        yield "explanation.top_k", problem, "Give a few reasons: people read them."
    named = [reason.feature for reason in explanation.reasons]
    for position, reason in enumerate(explanation.reasons):
        where = f"explanation.reasons[{position}]"
        if reason.feature not in model_inputs:
            yield where, f"{reason.feature!r} is no input of the model", f"Name one of {', '.join(model_inputs)}."
        if reason.feature in named[:position]:
            yield where, f"{reason.feature!r} has words already", "Give words once for each input."
        if not reason.higher.strip() or not reason.lower.strip():
            yield where, "its words are empty", "Say what the value tells, in both directions."
