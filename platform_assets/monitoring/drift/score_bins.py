"""Two distributions of scores over the same bins, to be drawn beside each other."""

import msgspec
import numpy as np

from platform_assets.inference.frame import Column
from platform_assets.monitoring.drift.compare import is_text

_BINS = 24
_OUTER = (0.005, 0.995)  # one outlier must not flatten all


class ScoreBin(msgspec.Struct, frozen=True, kw_only=True):
    """A bin, named by its class or its lower bound, with the share of scores in it and that of the reference."""

    name: str
    share: float
    reference_share: float


def score_bins(reference: Column, current: Column) -> tuple[ScoreBin, ...]:
    """Return both distributions, of numbers over bins of equal width; none where a side has no score.

    What lies outside counts to the outer bins.
    """
    if not len(reference) or not len(current):
        return ()
    if is_text(reference) or is_text(current):
        names = np.unique(np.concatenate([reference, current]).astype(np.str_))
        return tuple(_bin(name, current == name, reference == name) for name in names.tolist())
    low, high = (float(bound) for bound in np.quantile(np.concatenate([reference, current]), _OUTER))
    edges = np.linspace(low, high if high > low else low + 1.0, _BINS + 1)
    places = [np.clip(np.searchsorted(edges, side, side="right") - 1, 0, _BINS - 1) for side in (reference, current)]
    return tuple(_bin(f"{edges[at]:.4g}", places[1] == at, places[0] == at) for at in range(_BINS))


def _bin(name: str, current: Column, reference: Column) -> ScoreBin:
    return ScoreBin(name=name, share=float(current.mean()), reference_share=float(reference.mean()))
