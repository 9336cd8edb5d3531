"""What `platform explain` tells of a declaration."""

import msgspec
import pytest

from platform_assets.commands.explanation import acceptance_texts, guardrail_text, recipe_text
from platform_assets.contract.evaluation import Acceptance
from platform_assets.contract.guardrails import GUARDRAILS, Limit, SwitchedOff
from platform_assets.contract.guardrails import Guardrails as Declared
from platform_assets.contract.recipes import Ensemble, GradientBoosting
from platform_assets.products._discovery import discover_products

DECLARED = Declared(
    min_rows=5,
    limits=(Limit(guardrail="score_jumps", warn=0.2, fail=0.4),),
    off=(SwitchedOff(guardrail="coverage", reason="the population is a guess"),),
)


def test_a_guardrail_is_told_with_its_own_levels() -> None:
    assert guardrail_text(DECLARED, "score_jumps") == "score_jumps warns above 0.2, refuses above 0.4"


def test_a_guardrail_that_is_off_is_told_with_the_reason() -> None:
    assert guardrail_text(DECLARED, "coverage") == "coverage is off: the population is a guess"


@pytest.mark.parametrize("name", sorted(set(GUARDRAILS) - {"row_count", "coverage"}))
def test_every_guardrail_that_is_on_is_told_with_a_level(name: str) -> None:
    (guardrail,) = (each for each in GUARDRAILS if each == name)
    assert " above " in guardrail_text(DECLARED, guardrail)


def test_an_ensemble_is_told_with_its_members_and_their_weights() -> None:
    first = GradientBoosting(objective="binary", rounds=100, learning_rate=0.05, leaves=8, min_rows_per_leaf=50)
    members = (first, msgspec.structs.replace(first, leaves=31))
    told = "of 2 models by GradientBoosting"
    assert recipe_text(first) == "GradientBoosting"
    assert recipe_text(Ensemble(members=members)) == f"Ensemble, the mean {told}"
    assert recipe_text(Ensemble(members=members, weights=(2.0, 0.5))) == f"Ensemble, the mean weighted 2:0.5 {told}"


def test_what_every_candidate_has_to_show_is_told_with_its_bounds() -> None:
    parking = next(product for product in discover_products() if product.name == "parking_demand")
    loss, rows, *_ = acceptance_texts(parking)
    assert loss.startswith("mae at most 0.02 worse than that of the release in force on the same examples")
    assert loss.endswith("0.05 on a slice, 0.2 where no loss is shown")
    assert rows == "at least 30 test rows of each slice"
    alone = msgspec.structs.replace(parking, acceptance=Acceptance(with_champion=False))
    assert acceptance_texts(alone)[0] == "no comparison with the release in force"
