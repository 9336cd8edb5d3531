"""What the batch-first engine does when memory runs out or the device fails; the forest here fails on demand."""

import lightgbm
import numpy as np
import pytest

from platform_assets.errors import EngineFailedError, ModelUnusableError
from platform_assets.inference.engine_events import EngineEvent
from platform_assets.inference.frame import Floats
from platform_assets.inference.predict_lightgbm import LightGbmPredictor
from platform_assets.inference.predict_nvforest import NvForestPredictor


class SmallForest:
    """Scores with LightGBM and has room for so many rows at once."""

    def __init__(self, text: bytes, room: int) -> None:
        """Take a model and the room."""
        self._scorer = LightGbmPredictor(text)
        self.inputs = self._scorer.inputs
        self.room = room
        self.released = 0
        self.is_broken = False
        self.batches: list[int] = []

    def score(self, matrix: Floats) -> Floats:
        if self.is_broken:
            message = "an illegal memory access was encountered"
            raise RuntimeError(message)
        if len(matrix) > self.room:
            message = f"no room for {len(matrix)} rows"
            raise MemoryError(message)
        self.batches.append(len(matrix))
        return self._scorer.predict(matrix)

    def release(self) -> None:
        self.released += 1


@pytest.fixture
def text(booster: lightgbm.Booster) -> bytes:
    return booster.model_to_string().encode()


@pytest.fixture
def matrix(booster: lightgbm.Booster) -> Floats:
    return np.random.default_rng(3).normal(size=(1_000, booster.num_feature()))


def test_a_batch_that_does_not_fit_is_halved_until_it_does_and_every_row_is_scored(text: bytes, matrix: Floats) -> None:
    forest, events = SmallForest(text, room=300), list[EngineEvent]()
    predictor = NvForestPredictor(forest, device="gpu", on_event=events.append)
    assert np.array_equal(predictor.predict(matrix), LightGbmPredictor(text).predict(matrix))
    assert [(event.kind, event.rows) for event in events] == [("out_of_memory", 1_000), ("out_of_memory", 500)]
    assert (predictor.out_of_memory, forest.released) == (2, 2)


def test_the_smaller_batch_is_remembered(text: bytes, matrix: Floats) -> None:
    forest, events = SmallForest(text, room=300), list[EngineEvent]()
    predictor = NvForestPredictor(forest, device="gpu", on_event=events.append)
    predictor.predict(matrix)
    forest.batches.clear()
    predictor.predict(matrix)
    assert forest.batches == [250, 250, 250, 250]
    assert len(events) == 2


def test_a_device_without_room_for_one_row_is_an_engine_that_failed(text: bytes, matrix: Floats) -> None:
    predictor = NvForestPredictor(SmallForest(text, room=0), device="gpu", on_event=lambda _: None)
    with pytest.raises(EngineFailedError, match="not even one row"):
        predictor.predict(matrix[:5])


def test_a_broken_device_is_an_engine_that_failed_with_its_own_words(text: bytes, matrix: Floats) -> None:
    forest = SmallForest(text, room=10)
    forest.is_broken = True
    with pytest.raises(EngineFailedError, match="nvforest on the gpu cannot score: an illegal memory access"):
        NvForestPredictor(forest, device="gpu").predict(matrix)


def test_it_says_what_scores_where(text: bytes) -> None:
    predictor = NvForestPredictor(SmallForest(text, room=10), device="gpu")
    assert (predictor.engine, predictor.device) == ("nvforest", "gpu")


def test_a_closed_one_and_a_matrix_of_the_wrong_width_are_refused(text: bytes, matrix: Floats) -> None:
    predictor = NvForestPredictor(SmallForest(text, room=10), device="gpu")
    with pytest.raises(ModelUnusableError, match="inputs, the matrix has 2"):
        predictor.predict(matrix[:, :2])
    predictor.close()
    with pytest.raises(ModelUnusableError, match="closed"):
        predictor.predict(matrix)
