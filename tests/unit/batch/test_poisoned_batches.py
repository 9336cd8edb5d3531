"""Each kind of poisoned batch is refused by the guardrail that is named for it; the known misses are told as such."""

from collections import Counter

import pytest

from platform_assets.batch.guarding.evidence import Evidence
from platform_assets.batch.guarding.judge import judge_batch
from platform_assets.contract.guardrails import GUARDRAILS, GuardrailName
from platform_assets.contract.score import ScoreKind
from tests.unit.batch.guard_samples import every_guardrail_on, sound_evidence
from tests.unit.batch.poisons import POISONS, Poison, poisons_of
from tests.unit.serving.conftest import product_named

SOUND: dict[ScoreKind, Evidence] = {
    "probability": sound_evidence(every_guardrail_on(product_named("churn"))),
    "estimate": sound_evidence(every_guardrail_on(product_named("clv"))),
    "class": sound_evidence(every_guardrail_on(product_named("segments"))),
}
CASES = [pytest.param(kind, poison, id=f"{kind}: {poison.name}") for kind in SOUND for poison in poisons_of(kind)]
# Judged by rows of earlier batches or of the training data that these poisons leave alone.
NOT_OF_ONE_BATCH: frozenset[GuardrailName] = frozenset({"calibration"})


_refused: dict[tuple[ScoreKind, str], frozenset[GuardrailName]] = {}


def refusals(kind: ScoreKind, poison: Poison) -> frozenset[GuardrailName]:
    """Return what refuses a poisoned batch; judged once, for the same batch is asked about twice."""
    if (kind, poison.name) not in _refused:
        results = judge_batch(poison.poison(SOUND[kind]))
        _refused[kind, poison.name] = frozenset(result.guardrail for result in results if not result.is_passed)
    return _refused[kind, poison.name]


@pytest.mark.parametrize("kind", SOUND)
def test_a_sound_batch_passes_every_guardrail_without_a_warning(kind: ScoreKind) -> None:
    assert {str(result) for result in judge_batch(SOUND[kind]) if result.level != "pass"} == set()


@pytest.mark.parametrize(("kind", "poison"), CASES)
def test_a_poisoned_batch_is_refused_by_the_guardrail_named_for_it(kind: ScoreKind, poison: Poison) -> None:
    refused = refusals(kind, poison)
    if poison.guardrail is None:
        assert poison.miss
        assert not refused, "it is refused now: name the guardrail"
    else:
        assert poison.guardrail in refused


def test_the_catalogue_has_at_least_fifty_kinds_and_each_one_a_name_of_its_own() -> None:
    caught = [poison for poison in POISONS if poison.guardrail]
    assert len(caught) >= 50
    assert max(Counter(poison.name for poison in POISONS).values()) == 1


def test_every_guardrail_that_can_refuse_is_tripped_by_a_poison_of_the_catalogue() -> None:
    tripped = {name for kind in SOUND for each in poisons_of(kind) for name in refusals(kind, each)}
    assert set(GUARDRAILS) - tripped == NOT_OF_ONE_BATCH
