"""Verdicts on features and scores: what is drift, what is chance, and what cannot be told and never raises."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platform_assets.inference.frame import Column, Floats
from platform_assets.monitoring.drift.figures import DriftReport, FeatureDrift
from platform_assets.monitoring.drift.judge import judge_inputs, judge_score
from tests.unit.monitoring.incident_samples import AT

RANDOM = np.random.default_rng(5)
REFERENCE = RANDOM.normal(10.0, 2.0, 4000)


def one(reference: Column, current: Column) -> FeatureDrift:
    (found,) = judge_inputs({"x": reference}, {"x": current})
    return found


def texts(*values: str | None) -> Column:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def normal(shift: float = 0.0, times: float = 1.0, rows: int = 1000) -> Floats:
    return RANDOM.normal(10.0 + 2.0 * shift, 2.0 * times, rows)


@pytest.mark.parametrize(
    ("shift", "level"), [(0.0, "pass"), (0.1, "pass"), (-2.3, "warn"), (2.3, "warn"), (3.3, "fail")]
)
def test_a_mean_warns_beyond_two_sigmas_and_fails_beyond_three_on_either_side(shift: float, level: str) -> None:
    found = one(REFERENCE, normal(shift))
    assert found.level == level, found
    assert found.mean_sigmas == pytest.approx(abs(shift), abs=0.15)


@pytest.mark.parametrize(
    ("times", "level"), [(1.1, "pass"), (2.5, "warn"), (0.4, "warn"), (4.0, "fail"), (0.25, "fail")]
)
def test_a_spread_warns_beyond_a_factor_of_two_and_fails_beyond_three_grown_or_shrunk(times: float, level: str) -> None:
    found = one(REFERENCE, normal(times=times))
    assert found.level == level, found
    assert found.spread_times is not None
    assert found.spread_times <= max(times, 1.0 / times) * 1.1
    assert found.mean_sigmas == pytest.approx(0.0, abs=0.5)


def test_another_shape_of_the_same_mean_and_spread_warns_by_the_corrected_test() -> None:
    two_humps = 10.0 + 2.0 * np.where(RANDOM.random(1000) < 0.5, -1.0, 1.0)
    found = one(REFERENCE, two_humps)
    assert found.level == "warn"
    assert found.mean_sigmas == pytest.approx(0.0, abs=0.2)
    assert "lie elsewhere" in found.told


def test_a_huge_sample_does_not_alarm_by_a_difference_that_is_only_significant() -> None:
    found = one(RANDOM.normal(0.0, 1.0, 200_000), RANDOM.normal(0.02, 1.0, 200_000))
    assert found.q_value is not None
    assert found.q_value < 0.01
    assert found.level == "pass"


def test_few_rows_do_not_alarm_by_an_effect_that_is_only_chance() -> None:
    levels = [one(REFERENCE, normal(rows=50)).level for _ in range(100)]
    assert levels.count("pass") >= 95


def test_many_features_are_corrected_together() -> None:
    names = [f"f{number}" for number in range(40)]
    reference = {name: RANDOM.normal(size=2000) for name in names}
    found = judge_inputs(reference, {name: RANDOM.normal(size=60) for name in names})
    assert [feature.name for feature in found] == names
    assert min(feature.p_value or 1.0 for feature in found) < 0.1
    assert all(feature.level == "pass" for feature in found)


def test_values_that_are_missing_now_warn_and_fail_by_their_share() -> None:
    def without(share: float) -> FeatureDrift:
        return one(REFERENCE, np.where(RANDOM.random(1000) < share, np.nan, normal()))

    assert [without(share).level for share in (0.0, 0.03, 0.2, 0.6)] == ["pass", "pass", "warn", "fail"]
    gone = one(REFERENCE, np.full(1000, np.nan))
    assert (gone.level, gone.told, gone.ks) == ("fail", "100% is missing, 0% was", None)
    assert one(np.full(900, np.nan), normal()).level == "fail"


def test_infinite_values_count_as_missing() -> None:
    found = one(REFERENCE, np.where(RANDOM.random(1000) < 0.5, np.inf, normal()))
    assert found.missing_ratio == pytest.approx(0.5, abs=0.06)
    assert found.mean == pytest.approx(10.0, abs=0.5)


def test_a_feature_that_never_varies_drifts_only_when_it_changes() -> None:
    constant = np.full(1000, 0.1)
    assert one(constant, np.full(300, 0.1)).level == "pass"
    assert one(constant, np.full(300, 0.2)).level == "fail"
    assert one(constant, np.where(np.arange(300) < 60, 0.2, 0.1)).level == "warn"
    stuck = one(REFERENCE, np.full(300, 10.0))
    assert (stuck.level, stuck.told) == ("fail", "it is always 10 and varied before")


def test_a_rare_flag_or_a_heavy_tail_is_no_drift_by_one_row() -> None:
    flag = (np.arange(100_000) == 7).astype(float)
    assert one(flag, (np.arange(80) == 3).astype(float)).level == "pass"
    assert one(np.append(REFERENCE, 1e6), normal(rows=300)).level == "pass"


def test_a_handful_of_absurd_values_is_drift_and_a_single_one_is_not() -> None:
    assert one(REFERENCE, np.append(normal(rows=500), [1e12] * 5)).level == "fail"
    assert one(REFERENCE, np.append(normal(rows=500), 1e12)).level == "pass"


def test_categories_are_compared_by_the_share_of_rows_that_lie_elsewhere() -> None:
    known = texts(*["a"] * 600, *["b"] * 300, *[None] * 100)
    assert one(known, texts(*["a"] * 60, *["b"] * 30, *[None] * 10)).level == "pass"
    moved = one(known, texts(*["a"] * 30, *["b"] * 60, *["c"] * 10))
    assert (moved.level, moved.mean_sigmas) == ("warn", None)
    assert moved.ks == pytest.approx(2 / 3 - 0.3)
    assert one(known, texts(*["c"] * 100)).level == "fail"


@pytest.mark.parametrize("rows", [0, 1, 29])
def test_too_few_rows_are_told_and_not_judged(rows: int) -> None:
    for reference, current in ((REFERENCE, normal(rows=rows)), (normal(rows=rows), REFERENCE)):
        found = one(reference, current)
        assert (found.is_judged, found.level) == (False, "pass")
        assert "not enough rows" in found.told
    assert not judge_score(REFERENCE, normal(rows=rows)).is_judged
    assert not one(np.full(400, np.nan), np.full(400, np.nan)).is_judged


_ANY = st.lists(st.sampled_from([0.0, 1.0, np.nan, np.inf, -np.inf, 1e308, -1e308, 5e-324, 2.0**63]), max_size=70)


@given(_ANY, _ANY)
@settings(max_examples=150, deadline=None)
def test_whatever_the_columns_hold_there_is_a_verdict_and_no_warning(
    reference: list[float], current: list[float]
) -> None:
    grown = [np.array(values * 60, dtype=np.float64) for values in (reference, current)]
    found = one(*grown)
    assert found.level in {"pass", "warn", "fail"}
    judge_score(*grown)


def test_scores_that_lie_elsewhere_by_more_than_a_tenth_warn_and_ask_for_a_new_model() -> None:
    trained = np.sort(RANDOM.beta(2, 5, 512))
    assert judge_score(trained, RANDOM.beta(2, 5, 2000), stands_for=30_000).level == "pass"
    found = judge_score(trained, RANDOM.beta(2.7, 5, 2000), stands_for=30_000)
    assert (found.level, found.reference_rows) == ("warn", 30_000)
    assert judge_score(trained, RANDOM.beta(6, 3, 2000), stands_for=30_000).level == "fail"
    report = DriftReport(product="churn", comparison="batch_from_training", window=AT.date(), score=found)
    assert report.asks_for_retraining
    assert not msgspec.structs.replace(report, comparison="batch_from_last").asks_for_retraining


def test_the_rate_of_drift_is_the_share_of_the_features_that_were_judged() -> None:
    reference = dict.fromkeys(("a", "b", "c", "d"), REFERENCE)
    current = {"a": normal(5.0), "b": normal(2.4), "c": normal(), "d": normal(rows=3)}
    report = DriftReport(
        product="churn", comparison="live_from_batch", window=AT.date(), features=judge_inputs(reference, current)
    )
    assert (report.judged, report.data_level) == (3, "fail")
    assert [one.name for one in report.drifted] == ["a", "b"]
    assert report.drift_rate == pytest.approx(2 / 3)
    assert DriftReport(product="churn", comparison="live_from_batch", window=AT.date()).drift_rate is None


def test_rows_that_repeat_an_entity_count_as_one_witness() -> None:
    repeated = np.repeat(RANDOM.choice(REFERENCE, 30), 20)
    alone = judge_inputs({"x": REFERENCE}, {"x": repeated})[0]
    grouped = judge_inputs({"x": REFERENCE}, {"x": repeated}, independent=(1.0, 1 / 20))[0]
    assert alone.ks == grouped.ks
    assert alone.p_value is not None
    assert grouped.p_value is not None
    assert alone.p_value < 0.05 < grouped.p_value


def test_rare_categories_are_pooled_before_they_are_compared() -> None:
    names = [f"c{number}" for number in range(400)]
    known = texts(*["a"] * 4000, *names * 2)
    found = one(known, texts(*["a"] * 84, *names[:16]))
    assert (found.level, found.is_judged) == ("pass", True)
    assert found.ks == pytest.approx(0.0, abs=0.02)
