"""An explanation names inputs of the model, in words for both directions, and only where there are contributions."""

import msgspec
import pytest

from platform_assets.contract.explanation import Explanation, Reason, broken_explanation_rules
from platform_assets.contract.recipes import GradientBoosting, Recipe, RfmSegments
from platform_assets.products._discovery import discover_products

TREES = GradientBoosting(objective="binary", rounds=1, learning_rate=0.1, leaves=2, min_rows_per_leaf=1)
RULES = RfmSegments(recency="a", frequency="a", monetary="a", rules=())
WORDS = Reason(feature="a", higher="for it", lower="against it")
SOUND = Explanation(reasons=(WORDS,))


def broken(explanation: Explanation | None, recipe: Recipe = TREES) -> list[str]:
    return [where for where, _, _ in broken_explanation_rules(explanation, recipe, ("a", "b"))]


def test_a_product_need_not_explain_and_a_sound_explanation_breaks_nothing() -> None:
    assert broken(None) == broken(None, RULES) == broken(SOUND) == []


@pytest.mark.parametrize(
    ("explanation", "where"),
    [
        (Explanation(reasons=(WORDS,), top_k=0), "explanation.top_k"),
        (Explanation(reasons=(WORDS,), top_k=21), "explanation.top_k"),
        (Explanation(reasons=(Reason(feature="c", higher="x", lower="y"),)), "explanation.reasons[0]"),
        (Explanation(reasons=(WORDS, WORDS)), "explanation.reasons[1]"),
        (Explanation(reasons=(Reason(feature="a", higher=" ", lower="y"),)), "explanation.reasons[0]"),
    ],
)
def test_each_contradiction_is_named_with_its_place(explanation: Explanation, where: str) -> None:
    assert broken(explanation) == [where]


def test_rules_cannot_be_explained_by_contributions() -> None:
    assert broken(SOUND, RULES) == ["explanation"]


def test_words_follow_the_direction_and_an_input_without_words_gets_plain_ones() -> None:
    assert (SOUND.words("a", 0.1), SOUND.words("a", -0.1)) == ("for it", "against it")
    assert (SOUND.words("b", 0.1), SOUND.words("b", -0.1)) == ("b raises the score", "b lowers the score")


def test_a_declared_product_that_explains_has_words_for_every_input_of_its_model() -> None:
    explained = [product for product in discover_products() if product.explanation is not None]
    assert explained
    for product in explained:
        declared = msgspec.to_builtins(product.explanation)["reasons"]
        assert {reason["feature"] for reason in declared} == set(product.model_inputs)
