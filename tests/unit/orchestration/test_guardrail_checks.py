"""Guardrails as asset checks: level, numbers and picture."""

from dataclasses import replace

import dagster as dg
import numpy as np
import pytest

from platform_assets.batch.guarding.judge import judge_batch
from platform_assets.contract.guardrails import GUARDRAILS
from platform_assets.orchestration.guardrail_checks import drawn, guardrail_check, guardrail_specs
from tests.unit.batch.guard_samples import every_guardrail_on, sound_evidence
from tests.unit.batch.poison_scores import moved, spoiled
from tests.unit.serving.conftest import product_named

CHURN = every_guardrail_on(product_named("churn"))
KEY = dg.AssetKey(["churn", "predictions"])


def checks(by: float) -> dict[str, dg.AssetCheckResult]:
    sound = sound_evidence(CHURN)
    results = judge_batch(replace(sound, table=spoiled(sound, moved(by))))
    return {result.guardrail: guardrail_check(result) for result in results}


def test_there_is_one_blocking_check_per_guardrail_with_its_levels_in_words() -> None:
    specs = {spec.name: spec for spec in guardrail_specs(CHURN, KEY)}
    assert set(specs) == {f"guardrail_{name}" for name in GUARDRAILS}
    assert all(spec.blocking for spec in specs.values())
    assert specs["guardrail_ks_from_last"].description == (
        "Guardrail ks_from_last: warns above 0.1, refuses the batch above 0.2."
    )


def test_a_guardrail_that_is_switched_off_tells_why_in_its_description() -> None:
    product = product_named("cancellation_risk")
    described = {spec.name: spec.description for spec in guardrail_specs(product, KEY)}
    assert described["guardrail_score_jumps"] == "Switched off: no order is in two batches"


@pytest.mark.parametrize(
    ("by", "is_passed", "severity", "level"),
    [
        (0.0, True, dg.AssetCheckSeverity.ERROR, "pass"),
        (0.2, False, dg.AssetCheckSeverity.WARN, "warn"),
        (0.8, False, dg.AssetCheckSeverity.ERROR, "fail"),
    ],
)
def test_a_check_shows_the_level_of_its_verdict(
    by: float,
    is_passed: bool,  # noqa: FBT001 - a case of the table
    severity: dg.AssetCheckSeverity,
    level: str,
) -> None:
    check = checks(by)["quantiles_from_last"]
    assert (check.passed, check.severity, check.metadata["level"].value) == (is_passed, severity, level)


def test_a_check_carries_value_levels_sample_sizes_and_a_picture() -> None:
    metadata = checks(0.2)["ks_from_last"].metadata
    assert {"value", "warn_above", "refused_above", "scores", "compared_scores", "chance"} <= set(metadata)
    picture = str(metadata["scores_drawn"].value)
    assert "| this batch | `" in picture
    assert "| compared with | `" in picture


def test_a_picture_shows_where_scores_lie_and_leaves_empty_bins_blank() -> None:
    picture = drawn({"low": np.zeros(99), "high": np.ones(99)})
    (low, high) = picture.splitlines()[-2:]
    assert low == f"| low | `█{' ' * 23}` |"
    assert high == f"| high | `{' ' * 23}█` |"


def test_a_picture_of_scores_that_are_all_equal_or_missing_is_still_one() -> None:
    assert "█" in drawn({"same": np.full(5, 0.5)})
    assert drawn({"none": np.full(5, np.nan)}) == "no scores"
