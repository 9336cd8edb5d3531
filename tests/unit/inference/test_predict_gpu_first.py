"""A GPU engine that fails under way: the CPU answers, and says that it does."""

import threading
from concurrent.futures import ThreadPoolExecutor

import lightgbm
import numpy as np
import pytest

from platform_assets.errors import EngineFailedError, ModelUnusableError
from platform_assets.inference.engine_events import EngineEvent
from platform_assets.inference.frame import Floats
from platform_assets.inference.predict_gpu_first import GpuFirstPredictor
from platform_assets.inference.predict_lightgbm import LightGbmPredictor
from platform_assets.inference.predictor import DeviceName, EngineName


class FailingGpu:
    """Scores with LightGBM until it is told to fail; callers that fail do so together."""

    engine: EngineName = "nvforest"
    device: DeviceName = "gpu"

    def __init__(self, text: bytes, callers: int = 1) -> None:
        """Take a model and how many callers fail at once."""
        self._scorer = LightGbmPredictor(text)
        self._together = threading.Barrier(callers)
        self.fails = False

    def predict(self, matrix: Floats) -> Floats:
        if self.fails:
            self._together.wait(timeout=10)
            raise EngineFailedError(engine="nvforest", device="gpu", reason="the device fell off the bus")
        return self._scorer.predict(matrix)

    def close(self) -> None:
        self._scorer.close()


@pytest.fixture
def text(booster: lightgbm.Booster) -> bytes:
    return booster.model_to_string().encode()


@pytest.fixture
def matrix(booster: lightgbm.Booster) -> Floats:
    return np.random.default_rng(3).normal(size=(20, booster.num_feature()))


def test_a_gpu_that_works_scores_and_is_named(text: bytes, matrix: Floats) -> None:
    events = list[EngineEvent]()
    predictor = GpuFirstPredictor(FailingGpu(text), LightGbmPredictor(text), events.append)
    predictor.predict(matrix)
    assert (predictor.engine, predictor.device, events) == ("nvforest", "gpu", [])


def test_a_gpu_that_fails_loses_no_row_and_the_cpu_is_named_from_then_on(text: bytes, matrix: Floats) -> None:
    gpu, events = FailingGpu(text), list[EngineEvent]()
    predictor = GpuFirstPredictor(gpu, LightGbmPredictor(text), events.append)
    gpu.fails = True
    assert np.array_equal(predictor.predict(matrix), LightGbmPredictor(text).predict(matrix))
    gpu.fails = False
    predictor.predict(matrix)
    assert (predictor.engine, predictor.device) == ("lightgbm", "cpu")
    assert [(event.kind, event.rows) for event in events] == [("gpu_lost", 20)]
    assert "fell off the bus" in events[0].reason


def test_calls_that_fail_together_are_one_event_and_all_are_answered(text: bytes, matrix: Floats) -> None:
    gpu, events = FailingGpu(text, callers=3), list[EngineEvent]()
    predictor = GpuFirstPredictor(gpu, LightGbmPredictor(text), events.append)
    gpu.fails = True
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(predictor.predict, [matrix] * 3))
    assert [len(answer) for answer in answers] == [20, 20, 20]
    assert len(events) == 1


def test_closing_it_closes_both_engines(text: bytes, matrix: Floats) -> None:
    gpu, cpu = FailingGpu(text), LightGbmPredictor(text)
    GpuFirstPredictor(gpu, cpu, lambda _: None).close()
    for engine in (gpu, cpu):
        with pytest.raises(ModelUnusableError, match="closed"):
            engine.predict(matrix)
