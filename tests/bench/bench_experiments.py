"""How often the methods of experiments are wrong when looked at after every answer, and how soon they are right.

Run by hand: `python -m pytest -s tests/bench/bench_experiments.py` (about ten minutes). The figures are in
docs/experiments.md. False positives and answers until a verdict do not depend on the machine; times are ratios of one
run.
"""

import datetime as dt
import math
import statistics
import timeit
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from platform_assets.experiments.decide import decide
from platform_assets.experiments.histogram import Histogram, log_bucket
from platform_assets.experiments.limits import hard_breaches
from platform_assets.experiments.log_gamma import Floats
from platform_assets.experiments.summary import Summary
from tests.unit.experiments.peeking import (
    ALPHA,
    NEVER,
    Stops,
    mean_is_refuted,
    peeked_z_test,
    rates_differ,
    ratio_is_refuted,
    revenues_differ,
)
from tests.unit.experiments.rollout_samples import CANARY, PLAN, START, evidence

RUNS, ANSWERS = 2_000, 5_000
POWER_RUNS = 100
EVEN = np.array([0.5, 0.5])
# (alpha / 2) and power of 0.8 of the normal test for a fixed size
FIXED_NORMAL = 1.96 + 0.842


def constant(control: float, treatment: float, answers: int) -> Floats:
    return np.array([[control], [treatment]]) * np.ones((2, answers))


def daily(low: float, high: float, answers: int) -> Floats:
    """Return one rate for both arms that swings over five days."""
    swing = low + (high - low) * (1 + np.sin(np.arange(answers) * 2 * np.pi * 5 / answers)) / 2
    return np.stack([swing, swing])


AA: dict[str, Callable[[], Stops]] = {
    "rate 10 %, 50:50": lambda: rates_differ(1, RUNS, ANSWERS, constant(0.1, 0.1, ANSWERS)),
    "rate 1 %, 95:5": lambda: rates_differ(2, RUNS, ANSWERS, constant(0.01, 0.01, ANSWERS), 0.05),
    "rate 50 %, 80:20": lambda: rates_differ(3, RUNS, ANSWERS, constant(0.5, 0.5, ANSWERS), 0.2),
    "rate swings daily from 5 to 15 %, 50:50": lambda: rates_differ(4, RUNS, ANSWERS, daily(0.05, 0.15, ANSWERS)),
    "bounded mean, Beta(80, 120)": lambda: mean_is_refuted(5, RUNS, ANSWERS),
    "revenue, lognormal sigma 1, 50:50": lambda: revenues_differ(6, RUNS, 2 * ANSWERS),
    "revenue, lognormal sigma 1, 90:10": lambda: revenues_differ(7, RUNS, 4 * ANSWERS, share=0.1),
    "revenue, lognormal sigma 1.5, 90:10": lambda: revenues_differ(8, RUNS, 4 * ANSWERS, sigma=1.5, share=0.1),
}


@pytest.mark.parametrize("name", AA)
def test_equal_variants_are_called_different_in_at_most_five_percent_of_two_thousand_runs(name: str) -> None:
    wrong = float(np.mean(AA[name]() != NEVER))
    print(f"\n| {name} | {wrong:.2%} |")
    assert wrong <= ALPHA


def test_kept_shares_are_called_a_mismatch_in_at_most_one_of_a_thousand_runs() -> None:
    for shares in (EVEN, np.array([0.95, 0.05])):
        wrong = int(np.sum(ratio_is_refuted(9, RUNS, 4 * ANSWERS, sent=shares, declared=shares) != NEVER))
        print(f"\n| sample ratio {shares}, level 0.1 % | {wrong} of {RUNS:,} |")
        # Six or more of 2,000 have a probability of 2 % at the full level of 0.1 %.
        assert wrong < 6


def test_a_test_for_a_fixed_size_is_wrong_far_more_often_when_it_is_peeked_at() -> None:
    wrong = float(np.mean(peeked_z_test(10, RUNS, ANSWERS, 0.1) != NEVER))
    print(f"\n| for comparison: z-test at 5 %, peeked at | {wrong:.2%} |")
    assert wrong > ALPHA


@pytest.mark.parametrize(
    ("control", "treatment", "answers"),
    [(0.1, 0.11, 160_000), (0.1, 0.12, 50_000), (0.1, 0.15, 12_000), (0.001, 0.03, 4_000), (0.01, 0.02, 40_000)],
)
def test_different_rates_are_found_and_after_how_many_answers(control: float, treatment: float, answers: int) -> None:
    runs = POWER_RUNS if answers < 100_000 else POWER_RUNS // 4
    told(f"rates {control:g} and {treatment:g}", rates_differ(11, runs, answers, constant(control, treatment, answers)))
    variance = control * (1 - control) + treatment * (1 - treatment)
    print(f"  fixed size of a normal test: {2 * FIXED_NORMAL**2 * variance / (treatment - control) ** 2:,.0f}")


@pytest.mark.parametrize(("lift", "answers"), [(0.1, 40_000), (0.2, 20_000), (0.5, 10_000)])
def test_more_revenue_is_found_and_after_how_many_answers(lift: float, answers: int) -> None:
    told(f"revenue + {lift:.0%}, lognormal sigma 1", revenues_differ(12, POWER_RUNS, answers, lift=lift))
    variance = (math.e - 1) * (1 + (1 + lift) ** 2)  # in squares of the control's mean
    print(f"  fixed size of a normal test: {2 * FIXED_NORMAL**2 * variance / lift**2:,.0f}")


@pytest.mark.parametrize("sent", [0.55, 0.52, 0.51])
def test_a_broken_split_is_found_and_after_how_many_units(sent: float) -> None:
    stops = ratio_is_refuted(13, POWER_RUNS, 80_000, sent=np.array([sent, 1 - sent]), declared=EVEN)
    told(f"sent {sent:.0%} instead of 50 %, level 0.1 %", stops)


def told(name: str, stops: Stops) -> None:
    found = stops[stops != NEVER] + 1
    at = f"median {np.median(found):,.0f}, nine of ten by {np.quantile(found, 0.9):,.0f}" if len(found) else "-"
    print(f"\n| {name} | found in {len(found) / len(stops):.0%} | answers of both arms: {at} |")


def canary(seed: int, looks: int, each: int, *, failing: float = 0.001, slow: float = 0.001) -> Iterator[Summary]:
    """Yield what a canary has done after each look at so many more answers."""
    rng = np.random.default_rng(seed)
    whole = Summary()
    for _ in range(looks):
        late = int(rng.binomial(each, slow))
        whole += Summary(
            answers=each,
            errors=int(rng.binomial(each, failing)),
            latency_ms=Histogram({log_bucket(20.0): each - late, log_bucket(300.0): late}),
            scores=histogram(rng, each),
        )
        yield whole


def histogram(rng: np.random.Generator, size: int) -> Histogram:
    keys, counts = np.unique(rng.normal(50, 15, size).astype(int), return_counts=True)
    return Histogram(dict(zip(keys.tolist(), counts.tolist(), strict=True)))


@pytest.mark.parametrize(
    ("failing", "slow"),
    [(0.03, 0.001), (0.05, 0.001), (0.1, 0.001), (1.0, 0.001), (0.001, 0.03), (0.001, 0.1), (0.001, 1.0)],
)
def test_a_bad_canary_is_rolled_back_and_after_how_many_answers(failing: float, slow: float) -> None:
    stops = []
    for run in range(200):
        looks = enumerate(canary(run, 3_000, 1, failing=failing, slow=slow), start=1)
        stops.append(next(look for look, whole in looks if hard_breaches(PLAN, evidence(whole, Summary(answers=1)))))
    print(f"\n| {failing:.1%} fail, {slow:.1%} too slow | {statistics.median(stops):.0f} | {max(stops)} |")
    assert max(stops) < 3_000


def test_a_healthy_canary_is_hardly_ever_rolled_back_however_often_it_is_looked_at() -> None:
    runs, ended = 100, 0
    for run in range(runs):
        controls = canary(10_000 + run, 20, 3_800)
        for whole, control in zip(canary(run, 20, 200), controls, strict=True):
            if decide(PLAN, CANARY, evidence(whole, control), START + dt.timedelta(hours=1)).action == "roll_back":
                ended += 1
                break
    print(f"\n| healthy canary, 20 looks at 200 answers each | rolled back in {ended} of {runs} |")
    assert ended <= PLAN.gates.alpha * runs


def test_what_an_assignment_and_a_look_cost() -> None:
    def best(code: str, number: int) -> float:
        setup = (
            "import hashlib\nfrom platform_assets.contract.assignment import bucket, slot\n"
            "from platform_assets.experiments.limits import hard_breaches\n"
            "from platform_assets.experiments.decide import decide\n"
            "from platform_assets.experiments.histogram import log_bucket\n"
            "from platform_assets.experiments.summary import Tally\n"
            "from tests.unit.experiments.rollout_samples import CANARY, LATER, PLAN, evidence, seen\n"
            "good = evidence(seen(5_000, 5))\ntally = Tally(log_bucket)"
        )
        return min(timeit.repeat(code, setup, number=number, repeat=7)) / number * 1e6

    plain = best("hashlib.blake2b(b'user-12345').digest()", 20_000)
    for name, code, number in (
        ("bucket of a user", "bucket('exp-1', 'user-12345')", 20_000),
        ("slot among three treatments", "slot('exp-1', 'user-12345', (0.1, 0.2, 0.1))", 20_000),
        ("count an answer", "tally.count_answer(12.3, failed=False)", 20_000),
        ("hard limits, nothing broken", "hard_breaches(PLAN, good)", 2_000),
        ("decide, all gates", "decide(PLAN, CANARY, good, LATER)", 20),
    ):
        cost = best(code, number)
        print(f"\n| {name} | {cost:.2f} us | {cost / plain:.1f} plain hashes |")
