"""Which engine a model gets, on machines with and without a GPU."""

import importlib.util

import lightgbm
import pytest

from platform_assets.errors import EngineFailedError, MissingToolError, ModelUnusableError
from platform_assets.inference.device import Gpu, find_gpu
from platform_assets.inference.engine_events import EngineEvent, log_engine_event
from platform_assets.inference.engines import DeviceWish, EngineOptions, choose_engine, require_agreement
from platform_assets.inference.native.library import native_library
from platform_assets.inference.pair import read_pair
from platform_assets.inference.predict_lightgbm import LightGbmPredictor

needs_no_gpu = pytest.mark.skipif(find_gpu() is not None, reason="this machine has a GPU")


@pytest.fixture
def text(booster: lightgbm.Booster) -> bytes:
    return booster.model_to_string().encode()


def _no_gpu() -> None:
    return None


def _claimed_gpu() -> Gpu:
    return Gpu(name="claimed", memory_bytes=1 << 30)


def test_a_pair_is_scored_on_the_cpu_unless_something_else_is_asked_for(pair_files: dict[str, bytes]) -> None:
    predictor = read_pair(pair_files).predictor
    assert (predictor.engine, predictor.device) == ("native_forest" if native_library() else "lightgbm", "cpu")


def test_the_cpu_is_chosen_without_looking_for_a_gpu(text: bytes) -> None:
    looked = []
    choose_engine(text, EngineOptions(device="cpu", probe=lambda: looked.append(1)))
    assert looked == []


def test_auto_without_a_gpu_is_the_cpu_and_no_event(text: bytes) -> None:
    events = list[EngineEvent]()
    predictor = choose_engine(text, EngineOptions(device="auto", probe=_no_gpu, on_event=events.append))
    assert (predictor.device, events) == ("cpu", [])


def test_gpu_without_a_gpu_is_refused_with_the_remedy(text: bytes) -> None:
    with pytest.raises(MissingToolError, match="choose device `auto`"):
        choose_engine(text, EngineOptions(device="gpu", probe=_no_gpu))


@needs_no_gpu
def test_auto_with_a_gpu_that_cannot_be_used_is_the_cpu_and_an_event(text: bytes) -> None:
    events = list[EngineEvent]()
    predictor = choose_engine(text, EngineOptions(device="auto", probe=_claimed_gpu, on_event=events.append))
    assert predictor.device == "cpu"
    assert [event.kind for event in events] == ["gpu_not_used"]


@pytest.mark.skipif(importlib.util.find_spec("cupy") is not None, reason="the packages of the GPU engine are installed")
def test_gpu_without_its_packages_is_refused_with_the_extra_to_install(text: bytes) -> None:
    with pytest.raises(MissingToolError, match=r"platform-assets\[gpu\]"):
        choose_engine(text, EngineOptions(device="gpu", probe=_claimed_gpu))


@pytest.mark.parametrize("device", ["cpu", "auto", "gpu"])
def test_a_text_that_is_no_model_is_refused_on_every_device(device: DeviceWish) -> None:
    with pytest.raises(ModelUnusableError, match=r"model\.txt"):
        choose_engine(b"tree", EngineOptions(device=device, probe=_claimed_gpu))


def test_an_engine_that_gives_other_scores_is_refused(text: bytes, booster: lightgbm.Booster) -> None:
    reference = LightGbmPredictor(text)
    shorter = LightGbmPredictor(booster.model_to_string(num_iteration=29).encode())
    require_agreement(LightGbmPredictor(text), reference, reference.inputs)
    with pytest.raises(EngineFailedError, match="differ from those of lightgbm"):
        require_agreement(shorter, reference, reference.inputs)


def test_an_event_that_nobody_takes_is_written_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    log_engine_event(EngineEvent(kind="out_of_memory", reason="no room", rows=64))
    assert "out_of_memory at 64 rows: no room" in caplog.text
