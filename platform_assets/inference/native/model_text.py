"""Reads LightGBM's text models: what its trees say, one array per property for all trees one after the other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt

from platform_assets.errors import ModelUnusableError
from platform_assets.inference.frame import Floats
from platform_assets.inference.native.refusals import require_known, require_sound

Integers = npt.NDArray[np.int64]
Output = Literal["identity", "sigmoid", "exponential"]
_OUTPUTS: dict[str, Output] = {
    "binary": "sigmoid",
    "regression": "identity",
    "regression_l1": "identity",
    "quantile": "identity",
    "poisson": "exponential",
    "tweedie": "exponential",
}
_Fields = Mapping[bytes, bytes]
Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelText:
    """A model as its text says it; nothing but the lengths has been checked.

    A tree of `leaves[t]` leaves has one split less. `left` and `right` name a split of the same tree, or a leaf as
    `~leaf`. `sets[t]` is the number of category sets of a tree; set s holds the categories of the 1 bits of
    `set_words[set_first[s] : set_first[s] + set_length[s]]`.
    """

    inputs: int
    output: Output
    sigmoid: float
    leaves: Integers
    leaf_value: Floats
    feature: Integers
    threshold: Floats
    decision: Integers
    left: Integers
    right: Integers
    sets: Integers
    set_first: Integers
    set_length: Integers
    set_words: Integers


def read_model_text(text: bytes) -> ModelText:
    """Return what a text model says.

    Raises ModelUnusableError for a damaged text, EngineFailedError for a kind of model that this engine does not score.
    """
    head, *trees = text.partition(b"\nend of trees")[0].split(b"\nTree=")
    try:
        return _read(head, trees)
    except KeyError as error:
        raise ModelUnusableError(file="model.txt", problem=f"it has no {error.args[0].decode()}") from error
    except (ValueError, OverflowError) as error:
        raise ModelUnusableError(file="model.txt", problem=str(error)) from error


def _read(head: bytes, blocks: list[bytes]) -> ModelText:
    header = _fields(head)
    is_single = int(header[b"num_class"]) == int(header[b"num_tree_per_iteration"]) == 1
    require_known(is_single, "the model gives several values per row")
    require_known(b"average_output" not in header, "the model is a random forest")
    trees = [_fields(block) for block in blocks]
    require_known(not any(int(tree.get(b"is_linear", b"0")) for tree in trees), "the model has linear trees")
    output, sigmoid = _output(header.get(b"objective", b"").decode().split())
    leaves = [int(tree[b"num_leaves"]) for tree in trees]
    splits = [count - 1 for count in leaves]
    sets = [int(tree[b"num_cat"]) for tree in trees]
    first, length, words = _sets(trees, sets)
    return ModelText(
        inputs=int(header[b"max_feature_idx"]) + 1,
        output=output,
        sigmoid=sigmoid,
        leaves=_array(leaves),
        leaf_value=np.array(_column(trees, b"leaf_value", leaves, float), np.float64),
        feature=_array(_column(trees, b"split_feature", splits, int)),
        threshold=np.array(_column(trees, b"threshold", splits, float), np.float64),
        decision=_array(_column(trees, b"decision_type", splits, int)),
        left=_array(_column(trees, b"left_child", splits, int)),
        right=_array(_column(trees, b"right_child", splits, int)),
        sets=_array(sets),
        set_first=_array(first),
        set_length=_array(length),
        set_words=_array(words),
    )


def _fields(block: bytes) -> _Fields:
    return {name: value for name, _, value in (line.partition(b"=") for line in block.splitlines())}


def _output(objective: list[str]) -> tuple[Output, float]:
    name, *options = objective or ["no objective"]
    is_known = name in _OUTPUTS and "sqrt" not in options
    require_known(is_known, f"the model was trained for {' '.join([name, *options])}")
    wished = [option.partition(":")[2] for option in options if option.startswith("sigmoid:")]
    return _OUTPUTS[name], float(wished[0]) if wished else 1.0


def _column(
    trees: Sequence[_Fields], key: bytes, counts: Sequence[int], kind: Callable[[bytes], Number]
) -> list[Number]:
    """Return a property of all trees in one list; each tree must have its count of values."""
    joined: list[Number] = []
    for number, (tree, count) in enumerate(zip(trees, counts, strict=True)):
        values = [kind(value) for value in tree.get(key, b"").split()]
        require_sound(len(values) == count, f"tree {number} has {len(values)} of {count} values of {key.decode()}")
        joined += values
    return joined


def _sets(trees: Sequence[_Fields], sets: Sequence[int]) -> tuple[list[int], list[int], list[int]]:
    """Return the first word and the length of each category set, and the words."""
    bounds = iter(_column(trees, b"cat_boundaries", [count + 1 if count else 0 for count in sets], int))
    first, length, totals = list[int](), list[int](), list[int]()
    for count in sets:
        own = list(islice(bounds, count + 1 if count else 0))
        first += [sum(totals) + bound for bound in own[:-1]]
        length += [after - bound for bound, after in pairwise(own)]
        totals.append(own[-1] if own else 0)
    return first, length, _column(trees, b"cat_threshold", totals, int)


def _array(values: list[int]) -> Integers:
    return np.array(values, np.int64)
