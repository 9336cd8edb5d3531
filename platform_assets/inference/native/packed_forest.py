"""Turns a model's text into the arrays that the kernel walks, with every index checked before it sees them."""

import ctypes
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from platform_assets.inference.native.library import ForestLayout
from platform_assets.inference.native.model_text import Integers, ModelText
from platform_assets.inference.native.refusals import require_known, require_sound
from platform_assets.inference.native.splits import LANES, Splits, read_splits

_PLACES = 2  # of a node: the kernel counts in units of 8 bytes
_OUTPUTS = ("identity", "sigmoid", "exponential")
_NODE = np.dtype([("limit", "f8"), ("column", "u4"), ("child", "u4")])
_SET_NODE = np.dtype([("first_word", "u4"), ("words", "u4"), ("column", "u4"), ("child", "u4")])
_Nodes = npt.NDArray[np.void]
_Words = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class PackedForest:
    """The kernel's arrays and `layout` with their addresses; the arrays live as long as this does."""

    inputs: int
    layout: ForestLayout
    arrays: tuple[_Nodes | _Words, ...]

    @property
    def address(self) -> int:
        """What the kernel takes."""
        return ctypes.addressof(self.layout)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the parts of all trees begin, and the tree that each split belongs to."""

    first_node: Integers
    first_split: Integers
    first_leaf: Integers
    first_set: Integers
    tree: Integers


def pack_forest(model: ModelText) -> PackedForest:
    """Return a model in the kernel's layout.

    Raises ModelUnusableError for indices that lead nowhere and EngineFailedError for what the kernel does not score.
    """
    require_sound(bool((model.leaves > 0).all() and (model.sets >= 0).all()), "a tree has no leaf")
    require_known(bool(np.isfinite(model.leaf_value).all()), "a leaf is not a finite number")
    splits, places, count = read_splits(model), _places(model), int((2 * model.leaves - 1).sum())
    require_known(count < 1 << 30, f"it has {count} nodes")
    nodes, roots = _nodes(model, splits, places), _roots(places, padding_node=count)
    words = _words(model)
    layout = ForestLayout(
        nodes=nodes.ctypes.data,
        roots=roots.ctypes.data,
        columns=splits.columns.ctypes.data,
        set_words=words.ctypes.data,
        sigmoid=model.sigmoid,
        root_count=len(roots),
        column_count=len(splits.columns),
        input_count=model.inputs,
        output=_OUTPUTS.index(model.output),
        has_sets=int(splits.has_set.any()),
    )
    return PackedForest(model.inputs, layout, (nodes, roots, splits.columns, words))


def _places(model: ModelText) -> _Places:
    return _Places(
        first_node=_starts(2 * model.leaves - 1),
        first_split=_starts(model.leaves - 1),
        first_leaf=_starts(model.leaves),
        first_set=_starts(model.sets),
        tree=np.repeat(np.arange(len(model.leaves)), model.leaves - 1),
    )


def _starts(counts: Integers) -> Integers:
    starts: Integers = np.cumsum(counts) - counts
    return starts


def _roots(places: _Places, *, padding_node: int) -> _Words:
    """Return the root of each tree, filled up with a tree that adds 0 to a sum that is never -0."""
    padding = np.full(-len(places.first_node) % LANES, padding_node)
    return (np.concatenate([places.first_node, padding]) * _PLACES).astype(np.uint32)


def _nodes(model: ModelText, splits: Splits, places: _Places) -> _Nodes:
    """Return the nodes of all trees, root first, the two children of a split side by side; the last one pads."""
    pair = places.first_node[places.tree] + 1 + 2 * (np.arange(len(places.tree)) - places.first_split[places.tree])
    node_of_split, node_of_leaf = _place(model, splits, places, pair)
    nodes = np.zeros(len(node_of_split) + len(node_of_leaf) + 1, _NODE)
    nodes["limit"][node_of_split], nodes["limit"][node_of_leaf] = splits.limit, model.leaf_value
    nodes["column"][node_of_split] = splits.column
    nodes["child"] = np.arange(len(nodes)) * _PLACES  # a leaf leads to itself
    nodes["child"][node_of_split] = pair * _PLACES
    number, node = _set_numbers(model, splits, places), node_of_split[splits.has_set]
    by_set = nodes.view(_SET_NODE)
    by_set["first_word"][node], by_set["words"][node] = model.set_first[number], model.set_length[number]
    return nodes


def _place(model: ModelText, splits: Splits, places: _Places, pair: Integers) -> tuple[Integers, Integers]:
    """Return the node of each split and of each leaf; raises ModelUnusableError unless each has exactly one parent."""
    node_of_split, node_of_leaf = np.full(len(pair), -1), np.full(len(model.leaf_value), -1)
    has_split = model.leaves > 1
    node_of_split[places.first_split[has_split]] = places.first_node[has_split]
    node_of_leaf[places.first_leaf[~has_split]] = places.first_node[~has_split]
    leaves = model.leaves[places.tree]
    children = np.where(splits.is_right_first, [model.right, model.left], [model.left, model.right])
    is_there = bool(((children >= -leaves) & (children < leaves - 1)).all())
    require_sound(is_there, "a tree branches to a node that it does not have")
    for child, node in zip(children, (pair, pair + 1), strict=True):
        is_split = child >= 0
        node_of_split[(places.first_split[places.tree] + child)[is_split]] = node[is_split]
        node_of_leaf[(places.first_leaf[places.tree] + ~child)[~is_split]] = node[~is_split]
    # A tree has as many branches as nodes below its root: where none of these is left out, each has one parent, so
    # that no walk from the root goes in circles.
    is_tree = bool((node_of_split >= 0).all() and (node_of_leaf >= 0).all())
    require_sound(is_tree, "the nodes of a tree do not form a tree")
    return node_of_split, node_of_leaf


def _set_numbers(model: ModelText, splits: Splits, places: _Places) -> Integers:
    """Return, for each split that has a category set, its number among the sets of all trees."""
    own, tree = model.threshold[splits.has_set], places.tree[splits.has_set]
    is_there = (own >= 0) & (own < model.sets[tree]) & (own == np.floor(own))
    require_sound(bool(is_there.all()), "a tree decides by a category set that it does not have")
    numbers: Integers = places.first_set[tree] + own.astype(np.int64)
    return numbers


def _words(model: ModelText) -> _Words:
    """Return the words of all category sets; raises ModelUnusableError when a set lies outside of them."""
    count, first, length = len(model.set_words), model.set_first, model.set_length
    is_inside = (first >= 0) & (length >= 0) & (length <= count) & (first <= count - length)
    require_sound(bool(is_inside.all()), "a category set lies outside of the words that it is made of")
    is_word = (model.set_words >= 0) & (model.set_words < 1 << 32)
    require_sound(bool(is_word.all()), "a word of a category set is not one of 32 bits")
    return model.set_words.astype(np.uint32)
