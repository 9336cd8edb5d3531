"""Verdicts of experiments: effect, interval and word, and what makes a comparison unsound."""

import msgspec
import numpy as np
import pytest

from platform_assets.contract.experiments import Experiment, Metric, MetricName, Variant
from platform_assets.experiments.sample_ratio import Period, sample_ratio
from platform_assets.experiments.summary import Moments, Summary
from platform_assets.experiments.verdict import report, verdict


def experiment(name: MetricName, margin: float = 0.0, bounds: tuple[float, float] | None = None) -> Experiment:
    return Experiment(
        id="newer-model",
        product="churn",
        unit="user",
        variants=(
            Variant(name="control", release="churn-1", share=0.5),
            Variant(name="treatment", release="churn-2", share=0.5),
        ),
        metrics=(Metric(name=name, margin=margin, bounds=bounds),),
    )


def revenue(mean: float, size: int = 20_000, seed: int = 5) -> Summary:
    values = np.random.default_rng(seed).gamma(2.0, mean / 2.0, size)
    return Summary(
        values=Moments(size, float(values.sum()), float((values**2).sum()), float(values.min()), float(values.max()))
    )


def errors(answers: int, failed: int) -> Summary:
    return Summary(answers=answers, errors=failed)


def test_fewer_errors_are_better_and_more_are_worse() -> None:
    told = verdict(experiment("error_rate"), errors(20_000, 400), errors(20_000, 200))
    assert told.word == "better"
    assert told.effect == pytest.approx(-0.01)
    assert told.interval is not None
    assert told.interval[0] < -0.01 < told.interval[1] < 0.0
    assert told.p_value is not None
    assert told.p_value < 0.05
    assert verdict(experiment("error_rate"), errors(20_000, 200), errors(20_000, 400)).word == "worse"


def test_more_accuracy_is_better_than_less() -> None:
    low, high = Summary(labels=5_000, right=4_000), Summary(labels=5_000, right=4_500)
    assert verdict(experiment("accuracy"), low, high).word == "better"
    assert verdict(experiment("accuracy"), high, low).word == "worse"


def test_rates_within_the_margin_are_equivalent_and_without_a_margin_undecided() -> None:
    same = errors(100_000, 1_000)
    assert verdict(experiment("error_rate", 0.01), same, same).word == "equivalent within the declared margin"
    told = verdict(experiment("error_rate"), same, same)
    assert told.word == "no difference shown yet"
    assert told.p_value == 1.0


def test_below_the_smallest_count_there_is_no_interval() -> None:
    told = verdict(experiment("error_rate"), errors(499, 0), errors(10_000, 5_000))
    assert (told.word, told.interval, told.p_value) == ("no difference shown yet", None, None)
    assert told.units == (499, 10_000)


def test_revenue_without_bounds_is_judged_asymptotically_and_says_so() -> None:
    told = verdict(experiment("value"), revenue(20.0), revenue(22.0, seed=6))
    assert (told.word, told.is_exact) == ("better", False)
    assert told.interval is not None
    assert told.interval[0] < 2.0 < told.interval[1]


def test_values_within_declared_bounds_are_judged_exactly_in_their_own_unit() -> None:
    bounded = experiment("value", bounds=(-10.0, 400.0))
    told = verdict(bounded, revenue(20.0, 200_000), revenue(40.0, 200_000, seed=6))
    assert (told.word, told.is_exact) == ("better", True)
    assert told.effect == pytest.approx(20.0, abs=0.5)


def test_values_outside_the_declared_bounds_make_the_verdict_asymptotic() -> None:
    assert not verdict(experiment("value", bounds=(0.0, 10.0)), revenue(20.0), revenue(22.0)).is_exact


def test_nothing_is_said_while_one_value_outweighs_all_others() -> None:
    whale = Moments(1, 50_000.0, 50_000.0**2, 50_000.0, 50_000.0)
    told = verdict(experiment("value"), revenue(20.0), revenue(20.0) + Summary(values=whale))
    assert (told.word, told.interval) == ("no difference shown yet", None)


def test_values_that_are_all_zero_show_nothing() -> None:
    nothing = Summary(values=Moments(10_000))
    assert verdict(experiment("value"), nothing, nothing).interval is None


def test_a_report_names_the_treatments_that_do_harm_in_any_metric() -> None:
    declared = msgspec.structs.replace(
        experiment("value"), metrics=(Metric(name="value", margin=0.0), Metric(name="error_rate", margin=0.0))
    )
    results = {"control": revenue(20.0) + errors(20_000, 20), "treatment": revenue(25.0, seed=6) + errors(20_000, 400)}
    told = report(declared, results, [Period((20_000, 20_010), (0.5, 0.5))])
    assert [one.word for one in told.verdicts["treatment"]] == ["better", "worse"]
    assert told.harmful == ("treatment",)
    assert told.is_sound
    assert msgspec.json.decode(msgspec.json.encode(told), type=type(told)) == told


def test_a_variant_that_nobody_met_has_no_verdict_yet() -> None:
    told = report(experiment("error_rate"), {"control": errors(10_000, 10)})
    assert told.verdicts["treatment"][0].word == "no difference shown yet"
    assert told.harmful == ()


def test_counts_far_from_the_declared_shares_make_a_comparison_unsound() -> None:
    assert not report(experiment("error_rate"), {}, [Period((5_300, 4_700), (0.5, 0.5))]).is_sound
    assert report(experiment("error_rate"), {}, [Period((5_030, 4_970), (0.5, 0.5))]).is_sound


def test_a_ramp_is_judged_by_the_shares_of_each_period() -> None:
    ramp = [Period((9_500, 500), (0.95, 0.05)), Period((5_000, 5_000), (0.5, 0.5))]
    assert not sample_ratio(ramp).is_mismatch
    assert sample_ratio([Period((14_500, 5_500), (0.5, 0.5))]).is_mismatch


def test_a_unit_in_a_closed_variant_is_a_mismatch_at_once_and_a_closed_one_without_any_is_not() -> None:
    assert sample_ratio([Period((100, 1), (1.0, 0.0))]) == (True, 0.0)
    assert sample_ratio([Period((100, 0), (1.0, 0.0))]) == (False, 1.0)
