"""When the native engine scores a model, and when LightGBM's own library does."""

import ctypes
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import lightgbm
import numpy as np
import pytest

from platform_assets.errors import EngineFailedError, ModelUnusableError
from platform_assets.inference.engine_events import EngineEvent
from platform_assets.inference.engines import EngineOptions, choose_engine
from platform_assets.inference.frame import Floats
from platform_assets.inference.native import library
from platform_assets.inference.native.binary import BUILD_IT
from platform_assets.inference.native.library import NativeLibrary
from platform_assets.inference.native.model_text import read_model_text
from platform_assets.inference.native.packed_forest import pack_forest
from platform_assets.inference.native.proof import probe_rows, require_equal_bits
from platform_assets.inference.predict_lightgbm import LightGbmPredictor
from platform_assets.inference.predict_native import NativeForestPredictor


@pytest.fixture
def text(booster: lightgbm.Booster) -> bytes:
    return booster.model_to_string().encode()


@pytest.fixture
def matrix(booster: lightgbm.Booster) -> Floats:
    return np.random.default_rng(9).normal(size=(300, booster.num_feature()))


@pytest.fixture
def asked_anew() -> Iterator[None]:
    library.native_library.cache_clear()
    yield
    library.native_library.cache_clear()


def _train(**options: object) -> bytes:
    random = np.random.default_rng(1)
    data, label = random.normal(size=(400, 3)), random.integers(0, 3, 400)
    booster = lightgbm.train({"verbosity": -1, "num_threads": 1, **options}, lightgbm.Dataset(data, label), 5)
    return booster.model_to_string().encode()


def test_a_model_that_the_kernel_knows_is_scored_by_it(text: bytes, kernel: NativeLibrary) -> None:
    events = list[EngineEvent]()
    predictor = choose_engine(text, EngineOptions(native=lambda: kernel, on_event=events.append))
    assert (predictor.engine, predictor.device, events) == ("native_forest", "cpu", [])


def test_a_machine_without_the_kernel_gives_the_same_bits(text: bytes, matrix: Floats, kernel: NativeLibrary) -> None:
    with_kernel = choose_engine(text, EngineOptions(native=lambda: kernel))
    without = choose_engine(text, EngineOptions(native=lambda: None))
    assert without.engine == "lightgbm"
    assert without.predict(matrix).tobytes() == with_kernel.predict(matrix).tobytes()


@pytest.mark.usefixtures("asked_anew")
def test_a_missing_kernel_is_told_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(library, "binary_path", lambda: tmp_path / "forest.so")
    with caplog.at_level(logging.WARNING):
        assert [library.native_library(), library.native_library()] == [None, None]
    assert len(caplog.messages) == 1
    assert caplog.messages[0].endswith(BUILD_IT)


@pytest.mark.usefixtures("asked_anew")
def test_a_kernel_that_is_no_library_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "forest.so").write_bytes(b"\x7fELF cut off")
    monkeypatch.setattr(library, "binary_path", lambda: tmp_path / "forest.so")
    assert library.native_library() is None


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"objective": "regression", "linear_tree": True}, "linear trees"),
        ({"objective": "regression", "reg_sqrt": True}, "regression sqrt"),
        ({"objective": "huber"}, "huber"),
        ({"objective": "regression", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}, "a random forest"),
    ],
)
def test_a_model_that_the_kernel_does_not_know_is_left_to_lightgbm(
    options: dict[str, object], reason: str, kernel: NativeLibrary
) -> None:
    events = list[EngineEvent]()
    predictor = choose_engine(_train(**options), EngineOptions(native=lambda: kernel, on_event=events.append))
    assert predictor.engine == "lightgbm"
    assert [event.kind for event in events] == ["native_not_used"]
    assert reason in events[0].reason


def test_a_model_of_several_classes_is_not_read(kernel: NativeLibrary) -> None:
    assert kernel
    with pytest.raises(EngineFailedError, match="several values per row"):
        read_model_text(_train(objective="multiclass", num_class=3))


def test_a_kernel_that_gives_other_bits_is_not_used(text: bytes, kernel: NativeLibrary) -> None:
    def score(forest: int, rows: int, count: int, scores: int) -> None:
        kernel.score_many(forest, rows, count, scores)
        one_ulp_more = np.ctypeslib.as_array((ctypes.c_int64 * count).from_address(scores))
        one_ulp_more += np.arange(count) == count - 1

    events, wrong = list[EngineEvent](), NativeLibrary(kernel.score_few, score)
    predictor = choose_engine(text, EngineOptions(native=lambda: wrong, on_event=events.append))
    assert predictor.engine == "lightgbm"
    assert [(event.kind, "1 of 400 scores differ in bits" in event.reason) for event in events] == [
        ("native_not_used", True)
    ]


def test_a_kernel_that_is_wrong_about_single_rows_alone_is_not_used(text: bytes, kernel: NativeLibrary) -> None:
    def score(forest: int, rows: int, count: int, scores: int) -> None:
        kernel.score_few(forest, rows, count, scores)
        np.ctypeslib.as_array((ctypes.c_double * count).from_address(scores))[:] += 1.0

    model, reference = read_model_text(text), LightGbmPredictor(text)
    wrong = NativeForestPredictor(pack_forest(model), NativeLibrary(score, kernel.score_many))
    with pytest.raises(EngineFailedError, match="400 of 400"):
        require_equal_bits(wrong, reference, probe_rows(model))


def test_the_probe_rows_reach_both_sides_of_nearly_every_split(text: bytes) -> None:
    model = read_model_text(text)
    column = probe_rows(model)[:, model.feature]
    below, above = (column <= model.threshold).any(axis=0), (column > model.threshold).any(axis=0)
    assert (below & above).mean() > 0.99


def test_a_damaged_model_is_refused_and_not_left_to_another_engine(text: bytes, kernel: NativeLibrary) -> None:
    circle = re.sub(rb"^left_child=\d+ ", b"left_child=0 ", text, count=1, flags=re.MULTILINE)
    with pytest.raises(ModelUnusableError, match="do not form a tree"):
        choose_engine(circle, EngineOptions(native=lambda: kernel))


def test_a_matrix_of_the_wrong_width_is_refused(text: bytes, matrix: Floats, kernel: NativeLibrary) -> None:
    predictor = choose_engine(text, EngineOptions(native=lambda: kernel))
    with pytest.raises(ModelUnusableError, match="the matrix has 2"):
        predictor.predict(matrix[:, :2])


def test_a_matrix_of_any_layout_is_scored(text: bytes, matrix: Floats, kernel: NativeLibrary) -> None:
    predictor = choose_engine(text, EngineOptions(native=lambda: kernel))
    expected = predictor.predict(matrix).tobytes()
    assert predictor.predict(np.asfortranarray(matrix)).tobytes() == expected
    assert predictor.predict(np.repeat(matrix, 2, axis=0)[::2]).tobytes() == expected


def test_a_closed_predictor_refuses(text: bytes, matrix: Floats, kernel: NativeLibrary) -> None:
    predictor = choose_engine(text, EngineOptions(native=lambda: kernel))
    predictor.close()
    with pytest.raises(ModelUnusableError, match="was closed"):
        predictor.predict(matrix)
