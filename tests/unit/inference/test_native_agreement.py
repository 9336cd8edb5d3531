"""The native engine on all kinds of models that it knows: not one bit may differ from those of the training package."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platform_assets.inference.frame import Floats
from platform_assets.inference.native.library import NativeLibrary
from platform_assets.inference.native.model_text import read_model_text
from platform_assets.inference.native.packed_forest import pack_forest
from platform_assets.inference.native.proof import probe_rows, require_equal_bits
from platform_assets.inference.native.splits import NEARLY_ZERO
from platform_assets.inference.predict_lightgbm import LightGbmPredictor
from platform_assets.inference.predict_native import NativeForestPredictor

INPUTS, FEW_CODES, MANY_CODES = 6, 4, 5
KINDS: dict[str, dict[str, Any]] = {
    "binary": {"objective": "binary"},
    "binary with another sigmoid": {"objective": "binary", "sigmoid": 0.7},
    "regression": {"objective": "regression"},
    "regression_l1": {"objective": "regression_l1"},
    "quantile": {"objective": "quantile", "alpha": 0.9},
    "poisson": {"objective": "poisson"},
    "tweedie": {"objective": "tweedie", "tweedie_variance_power": 1.3},
    "zero as missing": {"objective": "binary", "zero_as_missing": True},
    "no missing values": {"objective": "regression", "use_missing": False},
    "deep trees": {"objective": "binary", "num_leaves": 255, "min_data_in_leaf": 1, "min_sum_hessian_in_leaf": 0.0},
    "stumps": {"objective": "regression", "num_leaves": 2},
    "one leaf": {"objective": "binary", "min_data_in_leaf": 100_000},
    "dropped trees": {"objective": "binary", "boosting": "dart"},
}
CATEGORIES = {"cat_smooth": 1, "cat_l2": 1, "min_data_per_group": 2}  # so that few rows are enough to split by them
# Numbers, what a preprocessor gives for missing values and unknown categories, and what it should never give.
ODD = (np.nan, 0.0, -0.0, np.inf, -np.inf, 1e-40, 5e-324, 1e300, -0.5, -1.0, 2.5, 31.0, 32.0, 1e9, 2.0**31, 2.0**32 + 1)
NEAR_ZERO = tuple(
    sign * value
    for sign in (1, -1)
    for value in (NEARLY_ZERO, float(np.nextafter(NEARLY_ZERO, 0)), float(np.nextafter(NEARLY_ZERO, 1)))
)
VALUES = st.one_of(st.floats(width=64), st.sampled_from([*ODD, *NEAR_ZERO]), st.integers(0, 210).map(float))
ROWS = st.lists(st.lists(VALUES, min_size=INPUTS, max_size=INPUTS), min_size=1, max_size=40)
Engines = tuple[lightgbm.Booster, NativeForestPredictor]


def _booster(kind: str) -> lightgbm.Booster:
    random = np.random.default_rng(3)
    matrix = random.normal(size=(900, INPUTS))
    matrix[:, FEW_CODES], matrix[:, MANY_CODES] = random.integers(0, 10, 900), random.integers(0, 200, 900)
    matrix[random.random(matrix.shape) < 0.1] = np.nan
    matrix[random.random(matrix.shape) < 0.05] = 0.0
    matrix[:, 3] = random.normal(size=900)  # never missing in training
    signal = np.nan_to_num(matrix[:, 0]) * matrix[:, 3] + np.isin(matrix[:, FEW_CODES], [1, 4, 7])
    signal += matrix[:, MANY_CODES] % 3 == 1
    label = (signal > 0.5).astype(float) if KINDS[kind]["objective"] == "binary" else np.abs(signal)
    options = {"verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5, "seed": 1, **CATEGORIES, **KINDS[kind]}
    data = lightgbm.Dataset(matrix, label, categorical_feature=[FEW_CODES, MANY_CODES], params=options)
    return lightgbm.train(options, data, 21)


def _native(text: bytes, kernel: NativeLibrary, threads: int = 1) -> NativeForestPredictor:
    return NativeForestPredictor(pack_forest(read_model_text(text)), kernel, threads=threads)


def _text(booster: lightgbm.Booster) -> bytes:
    return booster.model_to_string(num_iteration=-1).encode()


@pytest.fixture(scope="module", params=list(KINDS))
def engines(request: pytest.FixtureRequest, kernel: NativeLibrary) -> Engines:
    booster = _booster(request.param)
    return booster, _native(_text(booster), kernel)


def test_the_models_decide_in_all_ways_that_there_are() -> None:
    kinds = ("binary", "zero as missing", "no missing values")
    models = [read_model_text(_text(_booster(kind))) for kind in kinds]
    decisions = {int(decision) for model in models for decision in model.decision}
    assert {kind >> 2 for kind in decisions if not kind & 1} == {0, 1, 2}  # no missing value, zero, NaN
    assert {kind & 2 for kind in decisions if not kind & 1} == {0, 2}  # a missing value to the right and to the left
    assert all(model.set_length.max() > 1 for model in models)  # sets of codes up to 32 and above
    assert any((model.threshold[model.decision & 1 == 0] == NEARLY_ZERO).any() for model in models)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_any_row_alone_and_among_others_gets_the_bits_of_the_package(engines: Engines, rows: list[list[float]]) -> None:
    booster, native = engines
    matrix = np.array(rows)
    expected = np.asarray(booster.predict(matrix)).tobytes()
    assert native.predict(matrix).tobytes() == expected
    assert np.concatenate([native.predict(row[np.newaxis]) for row in matrix]).tobytes() == expected


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 15, 16, 17, 128, 129, 1_000, 5_000])
def test_any_number_of_rows_gets_the_bits_of_the_package(engines: Engines, count: int) -> None:
    booster, native = engines
    matrix = _rows(5_000)
    expected = np.asarray(booster.predict(matrix))[:count]
    assert native.predict(matrix[:count]).tobytes() == expected.tobytes()


def test_the_probe_rows_of_a_model_are_scored_alike(engines: Engines) -> None:
    booster, native = engines
    model = read_model_text(_text(booster))
    require_equal_bits(native, LightGbmPredictor(_text(booster)), probe_rows(model))


@pytest.mark.parametrize("kind", list(KINDS))
def test_threads_that_share_a_large_matrix_change_no_bit(kind: str, kernel: NativeLibrary) -> None:
    booster, matrix = _booster(kind), _rows(9_000)
    shared = _native(_text(booster), kernel, threads=3)
    assert shared.predict(matrix).tobytes() == np.asarray(booster.predict(matrix)).tobytes()


def test_threads_that_score_at_once_get_their_own_bits(engines: Engines) -> None:
    booster, native = engines
    parts = np.array_split(_rows(2_000), 50)
    with ThreadPoolExecutor(4) as pool:
        scores = list(pool.map(native.predict, parts))
    assert np.concatenate(scores).tobytes() == np.asarray(booster.predict(np.concatenate(parts))).tobytes()


@pytest.mark.parametrize(
    "threshold", ["0", "-0", "inf", "-inf", "1e-36", "-1e-36", "1e300", "5e-324", repr(NEARLY_ZERO)]
)
@pytest.mark.parametrize("kind", ["binary", "zero as missing", "no missing values"])
def test_a_threshold_at_the_edge_of_the_numbers_decides_as_in_the_package(
    kind: str, threshold: str, kernel: NativeLibrary
) -> None:
    text = _with_thresholds(_text(_booster(kind)).decode(), threshold).encode()
    booster, matrix = lightgbm.Booster(model_str=text.decode()), _rows(2_000)
    expected = np.asarray(booster.predict(matrix, validate_features=False))
    assert _native(text, kernel).predict(matrix).tobytes() == expected.tobytes()


def test_half_a_million_different_sums_are_turned_into_the_same_probabilities(kernel: NativeLibrary) -> None:
    random = np.random.default_rng(5)
    data = random.normal(size=(5_000, 12))
    label = (data @ random.normal(size=12) > 0).astype(float)
    options = {"objective": "binary", "num_leaves": 63, "learning_rate": 0.4, "verbosity": -1, "num_threads": 1}
    booster = lightgbm.train(options, lightgbm.Dataset(data, label), 40)
    matrix = random.normal(size=(500_000, 12)) * 1.5
    scores = _native(_text(booster), kernel).predict(matrix)
    assert len(np.unique(scores)) > 400_000
    assert scores.tobytes() == np.asarray(booster.predict(matrix)).tobytes()


def _with_thresholds(text: str, threshold: str) -> str:
    """Return a model with every other numeric threshold replaced; `decision_type` says which ones are numeric."""
    thresholds, decisions = (
        re.findall(r"^threshold=(.*)$", text, re.MULTILINE),
        re.findall(r"^decision_type=(.*)$", text, re.MULTILINE),
    )
    for before, decision in zip(thresholds, decisions, strict=True):
        pairs = list(zip(before.split(), map(int, decision.split()), strict=True))
        after = [threshold if place % 2 and not kind & 1 else old for place, (old, kind) in enumerate(pairs)]
        text = text.replace(f"\nthreshold={before}\n", f"\nthreshold={' '.join(after)}\n", 1)
    return re.sub(r"^tree_sizes=.*\n", "", text, flags=re.MULTILINE)  # the trees have other lengths now


def _rows(count: int) -> Floats:
    """Return rows of all magnitudes, known and unknown codes, missing and odd values."""
    random = np.random.default_rng(4)
    rows: Floats = random.normal(size=(count, INPUTS)) * random.choice([0.1, 1.0, 10.0, 1e6], size=(count, 1))
    rows[:, FEW_CODES], rows[:, MANY_CODES] = random.integers(-2, 15, count), random.integers(-5, 300, count)
    rows[random.random(rows.shape) < 0.1] = np.nan
    odd = random.random(rows.shape) < 0.1
    rows[odd] = random.choice([*ODD, *NEAR_ZERO], size=int(odd.sum()))
    return rows
