"""Do as many units arrive at each variant as were sent there? A mismatch means that the comparison is broken.

The sequential multinomial test of Lindon and Malek, "Anytime-valid inference for multinomial count data" (NeurIPS
2022): the counts under a Dirichlet mixture over the counts under the declared shares, a martingale while the shares
are kept. Where shares change, each period is a factor of its own. A unit counts once, when it is first seen: requests
of sticky units would be counted as often as their user comes back, and chance alone would look like a mismatch.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from platform_assets.experiments.log_gamma import Floats, log_gamma

# Prior counts over all variants: the larger, the more is bet on small mismatches.
_PRIOR = 100.0


class Period(NamedTuple):
    """How many new units each variant got while the shares were these, in the same order."""

    counts: Sequence[int]
    shares: Sequence[float]


class SampleRatio(NamedTuple):
    """Whether the counts contradict the shares, and how likely counts like these would ever be by chance, at most."""

    is_mismatch: bool
    p_value: float


def sample_ratio(periods: Sequence[Period], *, alpha: float = 0.001) -> SampleRatio:
    """Return the verdict on all periods together; for kept shares it is ever a mismatch with at most `alpha`.

    A share of 0 with units is a mismatch at once.
    """
    if any(
        count and not share for period in periods for count, share in zip(period.counts, period.shares, strict=True)
    ):
        return SampleRatio(is_mismatch=True, p_value=0.0)
    evidence = sum(float(log_odds(*_open(period))) for period in periods)
    p_value = float(np.exp(min(0.0, -evidence)))
    return SampleRatio(is_mismatch=p_value <= alpha, p_value=p_value)


def log_odds(counts: Floats, shares: Floats) -> Floats:
    """Return the log evidence against the shares [variants], all above 0, of counts [..., variants]."""
    prior = _PRIOR * shares
    mixture = np.sum(log_gamma(counts + prior) - log_gamma(prior), axis=-1)
    size = log_gamma(np.sum(counts, axis=-1) + _PRIOR) - log_gamma(_PRIOR)
    return np.asarray(mixture - size - np.sum(counts * np.log(shares), axis=-1))


def _open(period: Period) -> tuple[Floats, Floats]:
    """Return the variants that are open in a period; a closed one neither gets units nor says anything."""
    shares = np.asarray(period.shares, dtype=np.float64)
    return np.asarray(period.counts, dtype=np.float64)[shares > 0], shares[shares > 0]
