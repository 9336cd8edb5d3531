"""What each split of a model looks at: LightGBM's rules of a decision, brought to "second child if x >= limit"."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from platform_assets.inference.frame import Floats
from platform_assets.inference.native.model_text import Integers, ModelText
from platform_assets.inference.native.refusals import require_known, require_sound

# The kernel keeps the columns of 16 rows on its stack.
LANES, MOST_COLUMNS = 16, 512
# LightGBM's bound of what counts as zero.
NEARLY_ZERO = float(np.float32(1e-35))
# How the kernel sees an input; the negated views come right behind the plain ones.
_MISSING, _VALUE, _NEGATED, _NONZERO, _NEGATED_NONZERO, _CODE = range(6)
_VIEWS = _CODE + 1
_IN_SET = np.uint32(1 << 31)
# The bits of `decision_type`, and what its missing type may be.
_IS_SET, _DEFAULT_LEFT, _MISSING_SHIFT = 1, 2, 2
_NO_MISSING, _MISSING_IS_ZERO, _MISSING_IS_NAN = range(3)


@dataclass(frozen=True, slots=True)
class Splits:
    """All splits of a model: the first lane of the column that one looks at, its limit, and which child comes first.

    `columns` [columns, 2] are an input and the view of it; column 0 is always missing. A split with a category set
    goes to its second child for what is in the set.
    """

    columns: npt.NDArray[np.uint32]
    column: npt.NDArray[np.uint32]
    limit: Floats
    has_set: npt.NDArray[np.bool_]
    is_right_first: npt.NDArray[np.bool_]


def read_splits(model: ModelText) -> Splits:
    """Return the splits of a model.

    Raises ModelUnusableError for inputs that the model does not have, EngineFailedError for an unknown decision.
    """
    require_sound(0 < model.inputs < 1 << 31, f"it has {model.inputs} inputs")
    require_sound(_are_within(model.feature, model.inputs), "a tree looks at an input that the model does not have")
    decisions = (_MISSING_IS_NAN + 1) << _MISSING_SHIFT
    require_known(_are_within(model.decision, decisions), "its trees decide in a way that is not known")
    require_known(not np.isnan(model.threshold).any(), "a threshold is not a number")
    has_set, missing = (model.decision & _IS_SET) != 0, model.decision >> _MISSING_SHIFT
    threshold = _settle_zero(model.threshold)
    # Where training saw no missing value, one is taken for 0; else it has a side of its own.
    goes_left = np.where(missing == _NO_MISSING, threshold >= 0, (model.decision & _DEFAULT_LEFT) != 0)
    is_right_first = has_set | ~goes_left
    view = np.where(missing == _MISSING_IS_ZERO, _NONZERO, _VALUE) + is_right_first
    seen, position = np.unique(model.feature * _VIEWS + np.where(has_set, _CODE, view), return_inverse=True)
    require_known(len(seen) < MOST_COLUMNS, f"its trees look at {len(seen)} columns")
    columns = np.concatenate([[[0, _MISSING]], np.stack([seen // _VIEWS, seen % _VIEWS], axis=1)])
    return Splits(
        columns=columns.astype(np.uint32),
        column=((position + 1) * LANES).astype(np.uint32) | np.where(has_set, _IN_SET, np.uint32(0)),
        limit=np.where(is_right_first, -threshold, _just_above(threshold)),
        has_set=has_set,
        is_right_first=is_right_first,
    )


def _settle_zero(threshold: Floats) -> Floats:
    """Return thresholds that give a value near zero the side of zero, which LightGBM takes it for."""
    limit = np.where((threshold >= 0) & (threshold < NEARLY_ZERO), NEARLY_ZERO, threshold)
    below = np.nextafter(-NEARLY_ZERO, -np.inf)
    settled: Floats = np.where((limit < 0) & (limit >= -NEARLY_ZERO), below, limit)
    return settled


def _just_above(threshold: Floats) -> Floats:
    """Return the limits that every larger number reaches: none does behind infinity, so nothing is."""
    above: Floats = np.where(np.isposinf(threshold), np.nan, np.nextafter(threshold, np.inf))
    return above


def _are_within(values: Integers, end: int) -> bool:
    return bool(((values >= 0) & (values < end)).all())
