"""Simulated experiments that are looked at after every answer: how often each method ever says what is not so.

Every function takes the number of runs and returns, for each, the answer at which it first spoke, or -1. Runs are whole
arrays [runs, answers], in parts that fit into memory.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from platform_assets.experiments.log_gamma import Floats
from platform_assets.experiments.means import log_mean_wealth
from platform_assets.experiments.rates import Arm, Pair, least_log_evidence, log_evidence
from platform_assets.experiments.sample_ratio import log_odds
from platform_assets.experiments.unbounded import Spread, is_heavy
from platform_assets.experiments.unbounded import log_evidence as log_asymptotic

Stops = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ALPHA = 0.05
NEVER = -1
_CELLS = 60_000
_LEAST_UNITS = 500


def first(spoke: Bools) -> Stops:
    """Return the first answer of each run at which a method spoke."""
    return np.where(spoke.any(axis=1), spoke.argmax(axis=1), NEVER)


def parts(runs: int, answers: int) -> Iterator[int]:
    """Yield how many runs to hold at once."""
    most = max(1, _CELLS // answers)
    yield from (min(most, runs - done) for done in range(0, runs, most))


def arms(rng: np.random.Generator, values: Floats, share: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Send each value to an arm by chance; return both arms' counts and sums so far, the control's first."""
    treated = rng.random(values.shape) < share
    counted = np.cumsum(~treated, axis=1).astype(float), np.cumsum(treated, axis=1).astype(float)
    return (*counted, np.cumsum(values * ~treated, axis=1), np.cumsum(values * treated, axis=1))


def rates_differ(seed: int, runs: int, answers: int, rates: Floats, share: float = 0.5) -> Stops:
    """Compare rates [arms, answers], which may change with time, until their difference is shown."""
    rng = np.random.default_rng(seed)
    stops = [_rates_part(rng, part, answers, rates, share) for part in parts(runs, answers)]
    return np.concatenate(stops)


def _rates_part(rng: np.random.Generator, runs: int, answers: int, rates: Floats, share: float) -> Stops:
    treated = rng.random((runs, answers)) < share
    values = rng.random((runs, answers)) < np.where(treated, rates[1], rates[0])
    size = np.cumsum(treated, axis=1).astype(float)
    hits = np.cumsum(values & treated, axis=1).astype(float)
    numbers = np.arange(1.0, answers + 1)
    control = Arm(numbers - size, np.cumsum(values, axis=1) - hits)
    pair = Pair(control, Arm(size, hits), share / (1 - share))
    pooled = np.cumsum(values, axis=1) / numbers
    # The evidence against equal rates is the least over all of them, so what the pooled rate does not refute is not.
    suspected = log_evidence(pair, pooled, pooled) >= np.log(1 / ALPHA)
    return np.array([_confirmed(pair, run, np.flatnonzero(row)) for run, row in enumerate(suspected)])


def _confirmed(pair: Pair, run: int, moments: Stops) -> int:
    for moment in moments:
        at = (run, moment)
        control = Arm(np.asarray(pair.control.size)[at], np.asarray(pair.control.total)[at])
        treatment = Arm(np.asarray(pair.treatment.size)[at], np.asarray(pair.treatment.total)[at])
        enough = float(np.log(1 / ALPHA))
        if least_log_evidence(Pair(control, treatment, pair.tie), below=enough) >= enough:
            return int(moment)
    return NEVER


def peeked_z_test(seed: int, runs: int, answers: int, rate: float) -> Stops:
    """Compare equal rates by the test for a fixed size, wrongly looked at after every answer from the hundredth on."""
    rng = np.random.default_rng(seed)
    n1, n2, s1, s2 = arms(rng, (rng.random((runs, answers)) < rate).astype(float), 0.5)
    pooled = (s1 + s2) / (n1 + n2)
    with np.errstate(all="ignore"):
        z = (s2 / n2 - s1 / n1) / np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return first((np.abs(z) > 1.96) & (n1 + n2 > 100))


def revenues_differ(
    seed: int, runs: int, answers: int, *, lift: float = 0.0, sigma: float = 1.0, share: float = 0.5
) -> Stops:
    """Compare lognormal revenues until a difference of means is shown; the treatment's are raised by a factor."""
    rng = np.random.default_rng(seed)
    stops = []
    for part in parts(runs, answers):
        treated = rng.random((part, answers)) < share
        values = rng.lognormal(3.0, sigma, (part, answers)) * np.where(treated, 1.0 + lift, 1.0)
        spreads = [_spread(values, chosen) for chosen in (~treated, treated)]
        spoke = log_asymptotic(spreads[0][0], spreads[1][0], ALPHA, 20 * _LEAST_UNITS) >= np.log(1 / ALPHA)
        enough = [(np.asarray(one.size) >= _LEAST_UNITS) & ~heavy for one, heavy in spreads]
        stops.append(first(spoke & enough[0] & enough[1]))
    return np.concatenate(stops)


def _spread(values: Floats, chosen: Bools) -> tuple[Spread, Bools]:
    size = np.maximum(np.cumsum(chosen, axis=1), 1)
    mean = np.cumsum(values * chosen, axis=1) / size
    variance = np.maximum(np.cumsum(values**2 * chosen, axis=1) / size - mean**2, 1e-300)
    high = np.maximum.accumulate(np.where(chosen, values, -np.inf), axis=1)
    low = np.minimum.accumulate(np.where(chosen, values, np.inf), axis=1)
    spread = Spread(size, mean, variance)
    return spread, is_heavy(spread, low, high)


def mean_is_refuted(seed: int, runs: int, answers: int) -> Stops:
    """Watch the mean of values that vary little (Beta(80, 120)) until the true one is refuted."""
    rng = np.random.default_rng(seed)
    stops = []
    for part in parts(runs, answers):
        values = rng.beta(80, 120, (part, answers))
        arm = Arm(np.arange(1.0, answers + 1), np.cumsum(values, axis=1))
        wealth = log_mean_wealth(arm, np.cumsum(values**2, axis=1), np.full(values.shape, 0.4))
        stops.append(first(wealth >= np.log(1 / ALPHA)))
    return np.concatenate(stops)


def ratio_is_refuted(seed: int, runs: int, answers: int, *, sent: Floats, declared: Floats) -> Stops:
    """Watch the counts of units until the declared shares are refuted at the level of 0.001."""
    rng = np.random.default_rng(seed)
    stops = []
    for part in parts(runs, answers * len(sent)):
        arrived = rng.choice(len(sent), p=sent, size=(part, answers))
        counts = np.cumsum(arrived[..., None] == np.arange(len(sent)), axis=1).astype(float)
        stops.append(first(log_odds(counts, declared) >= np.log(1 / 0.001)))
    return np.concatenate(stops)
