"""Several models behind one product: their mean to the last bit, on any engine, or no score at all."""

import ctypes
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from platform_assets.errors import EngineFailedError, ModelUnusableError
from platform_assets.inference.engine_events import EngineEvent
from platform_assets.inference.engines import EngineOptions, choose_engine
from platform_assets.inference.frame import Floats
from platform_assets.inference.native.library import NativeLibrary
from platform_assets.inference.predict_ensemble import EnsemblePredictor
from platform_assets.inference.predict_gpu_first import GpuFirstPredictor
from platform_assets.inference.predict_lightgbm import LightGbmPredictor
from platform_assets.inference.predictor import DeviceName, EngineName
from tests.unit.inference.ensemble_samples import WEIGHTS, mean_by_hand, member_texts, rows, scores_of

INPUTS = 6
MEAN = (1.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def texts() -> list[bytes]:
    return member_texts(INPUTS)


def by_lightgbm(texts: list[bytes], weights: tuple[float, ...] = WEIGHTS) -> EnsemblePredictor:
    return EnsemblePredictor([LightGbmPredictor(text) for text in texts], weights)


@pytest.mark.parametrize("weights", [MEAN, WEIGHTS])
@pytest.mark.parametrize("count", [1, 7, 8, 129, 400])
def test_a_score_is_the_mean_of_what_the_training_package_says_of_each_member(
    texts: list[bytes], weights: tuple[float, ...], count: int
) -> None:
    matrix = rows(INPUTS, count)
    expected = mean_by_hand(scores_of(texts, matrix), weights)
    assert by_lightgbm(texts, weights).predict(matrix).tobytes() == expected.tobytes()


def test_the_native_engine_gives_the_same_bits_and_is_named_with_the_number_of_members(
    texts: list[bytes], kernel: NativeLibrary
) -> None:
    matrix, options = rows(INPUTS), EngineOptions(native=lambda: kernel)
    native = EnsemblePredictor([choose_engine(text, options) for text in texts], WEIGHTS)
    plain = by_lightgbm(texts)
    assert (native.engine, plain.engine) == ("native_forest x3", "lightgbm x3")
    assert native.predict(matrix).tobytes() == plain.predict(matrix).tobytes()
    alone = np.concatenate([native.predict(row[np.newaxis]) for row in matrix])
    assert alone.tobytes() == plain.predict(matrix).tobytes()


def test_each_member_is_proven_by_itself_and_one_that_fails_is_left_to_lightgbm(
    texts: list[bytes], kernel: NativeLibrary
) -> None:
    def score(forest: int, matrix: int, count: int, scores: int) -> None:
        kernel.score_many(forest, matrix, count, scores)
        np.ctypeslib.as_array((ctypes.c_double * count).from_address(scores))[:] *= 1.5

    events, wrong = list[EngineEvent](), NativeLibrary(kernel.score_few, score)
    kernels = [kernel, wrong, kernel]
    members = [
        choose_engine(text, EngineOptions(native=lambda each=each: each, on_event=events.append))  # type: ignore[misc]
        for text, each in zip(texts, kernels, strict=True)
    ]
    mixed = EnsemblePredictor(members, WEIGHTS)
    assert mixed.engine == "native_forest x2 + lightgbm x1"
    assert [event.kind for event in events] == ["native_not_used"]
    assert mixed.predict(rows(INPUTS)).tobytes() == by_lightgbm(texts).predict(rows(INPUTS)).tobytes()


def test_another_order_of_the_members_is_another_score(texts: list[bytes]) -> None:
    matrix = rows(INPUTS)
    turned = EnsemblePredictor([LightGbmPredictor(text) for text in texts[::-1]], WEIGHTS[::-1])
    assert turned.predict(matrix).tobytes() != by_lightgbm(texts).predict(matrix).tobytes()
    assert np.allclose(turned.predict(matrix), by_lightgbm(texts).predict(matrix))


def test_threads_that_score_at_once_get_the_same_bits(texts: list[bytes]) -> None:
    ensemble, matrix = by_lightgbm(texts), rows(INPUTS)
    expected = ensemble.predict(matrix)
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda at: ensemble.predict(matrix[at : at + 3]), range(0, 399, 3)))
    assert np.concatenate(parts).tobytes() == expected[:399].tobytes()


class FailingGpu:
    """A GPU engine that has just been lost."""

    engine: EngineName = "nvforest"
    device: DeviceName = "gpu"

    def predict(self, matrix: Floats) -> Floats:
        raise EngineFailedError(engine=self.engine, device=self.device, reason=f"lost at {len(matrix)} rows")

    def close(self) -> None:
        """Nothing is held."""


def test_a_member_that_fails_leaves_no_mean_of_the_others(texts: list[bytes]) -> None:
    ensemble = EnsemblePredictor([LightGbmPredictor(texts[0]), FailingGpu()], (1.0, 1.0))
    with pytest.raises(EngineFailedError, match="lost at 400 rows"):
        ensemble.predict(rows(INPUTS))


def test_a_member_that_loses_its_gpu_goes_on_with_the_same_trees_and_says_so(texts: list[bytes]) -> None:
    events = list[EngineEvent]()
    members = [GpuFirstPredictor(FailingGpu(), LightGbmPredictor(text), events.append) for text in texts]
    ensemble = EnsemblePredictor(members, WEIGHTS)
    assert (ensemble.engine, ensemble.device) == ("nvforest x3", "gpu")
    assert ensemble.predict(rows(INPUTS)).tobytes() == by_lightgbm(texts).predict(rows(INPUTS)).tobytes()
    assert (ensemble.engine, ensemble.device) == ("lightgbm x3", "cpu")
    assert [event.kind for event in events] == ["gpu_lost"] * 3


def test_the_device_is_the_gpu_while_one_member_scores_there(texts: list[bytes]) -> None:
    ensemble = EnsemblePredictor([LightGbmPredictor(texts[0]), FailingGpu()], (1.0, 1.0))
    assert (ensemble.engine, ensemble.device) == ("lightgbm x1 + nvforest x1", "gpu")


def test_a_closed_ensemble_refuses(texts: list[bytes]) -> None:
    ensemble = by_lightgbm(texts)
    ensemble.close()
    with pytest.raises(ModelUnusableError, match="was closed"):
        ensemble.predict(rows(INPUTS))
