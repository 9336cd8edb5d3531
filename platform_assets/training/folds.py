"""Folds for out-of-fold predictions, from which calibration and uncertainty are learned."""

import hashlib

import numpy as np
import numpy.typing as npt

from platform_assets.contract.product import Product
from platform_assets.inference.frame import Column, Frame

FOLDS = 3
NEVER_HELD_OUT = -1


def assign_folds(product: Product, train: Frame) -> npt.NDArray[np.int64]:
    """Return the fold (0 to FOLDS - 1) of each training row, or NEVER_HELD_OUT; the same rows give the same folds.

    Rows of one entity stay together, because the label windows of its rows overlap and would leak. Where the entity
    is itself an input of the model, a fold without it would be a task of another kind: then the last third of the
    as-of days is held out, which is how the model is used.
    """
    entity = product.entity.row_keys[0]
    if entity in product.model_inputs:
        return _by_time(train["as_of"])
    return _by_entity(train[entity])


def _by_entity(entities: Column) -> npt.NDArray[np.int64]:
    names, codes = np.unique(entities.astype(str), return_inverse=True)
    folds = [hashlib.blake2b(name.encode(), digest_size=4).digest()[0] % FOLDS for name in names.tolist()]
    return np.array(folds, dtype=np.int64)[codes.reshape(-1)]


def _by_time(as_of: Column) -> npt.NDArray[np.int64]:
    days, codes = np.unique(as_of, return_inverse=True)
    is_last = np.arange(len(days)) * FOLDS // max(len(days), 1) == FOLDS - 1
    return np.where(is_last, 0, NEVER_HELD_OUT)[codes.reshape(-1)]
