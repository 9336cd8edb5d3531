"""What `platform explain` tells of a declaration."""

import pytest

from platform_assets.commands.explanation import guardrail_text
from platform_assets.contract.guardrails import GUARDRAILS, Limit, SwitchedOff
from platform_assets.contract.guardrails import Guardrails as Declared

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
