"""What the reader of text models refuses: whatever it lets through, the kernel walks without looking."""

import re

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platform_assets.errors import EngineFailedError, ModelUnusableError
from platform_assets.inference.native.binary import SOURCE
from platform_assets.inference.native.library import NativeLibrary
from platform_assets.inference.native.model_text import read_model_text
from platform_assets.inference.native.packed_forest import pack_forest
from platform_assets.inference.native.splits import LANES, MOST_COLUMNS
from platform_assets.inference.predict_lightgbm import LightGbmPredictor
from platform_assets.inference.predict_native import NativeForestPredictor

NUMBERS = st.sampled_from(
    ["0", "-1", "1", "2", "31", "99", "-99", "-32", "4294967296", "1e300", "nan", "inf", "9" * 30, "x", ""]
)
KEYS = (
    *("num_leaves", "num_cat", "split_feature", "threshold", "decision_type", "left_child", "right_child"),
    *("leaf_value", "cat_boundaries", "cat_threshold", "max_feature_idx", "objective", "num_class"),
)


@pytest.fixture(scope="module")
def text() -> str:
    random = np.random.default_rng(2)
    data = np.column_stack([random.normal(size=(400, 3)), random.integers(0, 50, 400)])
    label = data[:, 0] + np.isin(data[:, 3], [3, 5, 41]) + (data[:, 3] % 3)
    options = {"objective": "regression", "num_leaves": 8, "verbosity": -1, "num_threads": 1}
    categories = {"cat_smooth": 1, "cat_l2": 1, "min_data_per_group": 2}
    booster = lightgbm.train({**options, **categories}, lightgbm.Dataset(data, label, categorical_feature=[3]), 4)
    return booster.model_to_string()


def _pack(text: str) -> None:
    pack_forest(read_model_text(text.encode()))


def _stumps(inputs: int) -> bytes:
    """Return a model of one stump for each input."""
    head = f"tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\nmax_feature_idx={inputs - 1}"
    names = " ".join(f"f{feature}" for feature in range(inputs))
    infos = " ".join("[-9:9]" for _ in range(inputs))
    trees = "".join(
        f"\nTree={feature}\nnum_leaves=2\nnum_cat=0\nsplit_feature={feature}\nsplit_gain=1\nthreshold=0.{feature}\n"
        "decision_type=2\nleft_child=-1\nright_child=-2\nleaf_value=0.1 0.25\nleaf_weight=1 1\nleaf_count=1 1\n"
        "internal_value=0\ninternal_weight=0\ninternal_count=2\nis_linear=0\nshrinkage=1\n\n"
        for feature in range(inputs)
    )
    text = f"{head}\nobjective=regression\nfeature_names={names}\nfeature_infos={infos}\n{trees}\nend of trees\n"
    return text.encode()


def _with(text: str, key: str, place: int, value: str) -> str:
    """Return a model with one value of the first tree that has any under a key replaced."""
    found = re.search(rf"^{key}=(\S.*)$", text, re.MULTILINE)
    assert found
    values = found[1].split(" ")
    values[place % len(values)] = value
    return text[: found.start(1)] + " ".join(values) + text[found.end(1) :]


@pytest.mark.parametrize(
    ("key", "place", "value", "problem"),
    [
        ("split_feature", 0, "4", "an input that the model does not have"),
        ("split_feature", 0, "-1", "an input that the model does not have"),
        ("left_child", 0, "7", "a node that it does not have"),
        ("right_child", 0, "-9", "a node that it does not have"),
        ("left_child", 0, "0", "do not form a tree"),
        ("right_child", 1, "-1", "do not form a tree"),
        ("left_child", 0, "99999999999999999999", "too large"),
        ("leaf_value", 0, "", "7 of 8 values of leaf_value"),
        ("leaf_value", 0, "1.0 2.0", "9 of 8 values of leaf_value"),
        ("threshold", 0, "one", "could not convert"),
        ("num_leaves", 0, "9", "8 of 9 values"),
        ("num_leaves", 0, "0", "8 of 0 values"),
        ("num_cat", 0, "-1", "values of cat_boundaries"),
        ("cat_boundaries", 1, "1000000", "outside of the words"),
        ("cat_boundaries", 0, "9", "outside of the words"),
        ("cat_boundaries", 0, "-1", "outside of the words"),
        ("cat_threshold", 0, "4294967296", "not one of 32 bits"),
        ("cat_threshold", 0, "-1", "not one of 32 bits"),
        ("max_feature_idx", 0, "-1", "it has 0 inputs"),
        ("max_feature_idx", 0, "4294967299", "4294967300 inputs"),
    ],
)
def test_a_damaged_model_is_refused_with_what_is_wrong(
    text: str, key: str, place: int, value: str, problem: str
) -> None:
    with pytest.raises(ModelUnusableError, match=problem):
        _pack(_with(text, key, place, value))


@pytest.mark.parametrize("number", ["9", "-1", "0.5"])
def test_a_category_set_that_a_tree_does_not_have_is_refused(text: str, number: str) -> None:
    decisions = re.search(r"^decision_type=(.*)$", text, re.MULTILINE)
    assert decisions
    by_set = [int(kind) & 1 for kind in decisions[1].split()].index(1)
    with pytest.raises(ModelUnusableError, match="a category set that it does not have"):
        _pack(_with(text, "threshold", by_set, number))


@pytest.mark.parametrize("key", ["num_class", "max_feature_idx", "num_leaves", "num_cat"])
def test_a_model_without_a_number_that_every_model_has_is_refused(text: str, key: str) -> None:
    with pytest.raises(ModelUnusableError, match=f"it has no {key}"):
        _pack(re.sub(rf"^{key}=.*\n", "", text, count=1, flags=re.MULTILINE))


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("decision_type", "12", "not known"),
        ("decision_type", "-1", "not known"),
        ("threshold", "nan", "not a number"),
        ("leaf_value", "inf", "not a finite number"),
        ("objective", "custom", "trained for custom"),
    ],
)
def test_a_model_of_an_unknown_kind_is_left_to_lightgbm(text: str, key: str, value: str, reason: str) -> None:
    with pytest.raises(EngineFailedError, match=reason):
        _pack(_with(text, key, 0, value))


def test_a_model_may_look_at_as_many_columns_as_the_kernel_holds(kernel: NativeLibrary) -> None:
    text = _stumps(MOST_COLUMNS - 1)
    rows = np.random.default_rng(1).normal(size=(LANES + 1, MOST_COLUMNS - 1))
    scores = NativeForestPredictor(pack_forest(read_model_text(text)), kernel).predict(rows)
    assert scores.tobytes() == LightGbmPredictor(text).predict(rows).tobytes()


def test_a_model_that_looks_at_more_columns_than_the_kernel_holds_is_left_to_lightgbm() -> None:
    with pytest.raises(EngineFailedError, match=f"look at {MOST_COLUMNS} columns"):
        _pack(_stumps(MOST_COLUMNS).decode())


def test_the_kernel_and_its_caller_agree_on_their_sizes() -> None:
    told = dict(re.findall(r"#define (LANES|MOST_COLUMNS) (\d+)", SOURCE.read_text()))
    assert told == {"LANES": str(LANES), "MOST_COLUMNS": str(MOST_COLUMNS)}


@settings(max_examples=400, deadline=None)
@given(
    key=st.sampled_from(KEYS),
    place=st.integers(0, 7),
    value=NUMBERS,
)
def test_a_model_with_any_value_replaced_is_refused_or_walked_to_its_end(
    text: str, kernel: NativeLibrary, key: str, place: int, value: str
) -> None:
    try:
        forest = pack_forest(read_model_text(_with(text, key, place, value).encode()))
    except (ModelUnusableError, EngineFailedError):
        return
    rows = np.random.default_rng(0).normal(size=(20, forest.inputs)) * 100.0
    assert not np.isnan(NativeForestPredictor(forest, kernel).predict(rows)).any()


@settings(max_examples=100, deadline=None)
@given(end=st.floats(0, 1))
def test_a_model_that_ends_anywhere_is_refused_or_packed(text: str, end: float) -> None:
    part = text[: int(len(text) * end)]
    try:
        _pack(part)
    except (ModelUnusableError, EngineFailedError) as error:
        assert str(error)  # noqa: PT017 - either way is well; what must not happen is another error
