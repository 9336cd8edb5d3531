"""A pair in memory: preprocessor and model of one training run with their calibration and uncertainty."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from platform_assets.contract.compile import read_product
from platform_assets.contract.product import Product
from platform_assets.contract.recipes import Ensemble, RfmSegments
from platform_assets.errors import ModelUnusableError
from platform_assets.inference.engine_events import OnEngineEvent, log_engine_event
from platform_assets.inference.engines import EngineOptions, choose_engine
from platform_assets.inference.ensemble_files import read_ensemble
from platform_assets.inference.predict_segments import SegmentModel, SegmentPredictor
from platform_assets.inference.predictor import Predictor
from platform_assets.inference.preprocess import Preprocessor
from platform_assets.inference.tables import LinearTable

PRODUCT_FILE = "product.json"
PREPROCESSOR_FILE = "preprocessor.json"
LIGHTGBM_FILE = "model.txt"
SEGMENTS_FILE = "segments.json"
CALIBRATION_FILE = "calibration.json"
UNCERTAINTY_FILE = "uncertainty.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """All that scoring needs. `calibration` and `uncertainty` are None where the recipe has none."""

    product: Product
    preprocessor: Preprocessor
    predictor: Predictor
    calibration: LinearTable | None
    uncertainty: LinearTable | None


def read_pair(files: Mapping[str, bytes], on_engine_event: OnEngineEvent = log_engine_event) -> Pair:
    """Return the pair of a bundle's files, its engine on the device that the product declares.

    Raises ModelUnusableError naming the file that cannot be used, and what `choose_engine` raises.
    """
    product = _product(files)
    return Pair(
        product=product,
        preprocessor=_decode(files, PREPROCESSOR_FILE, Preprocessor),
        predictor=_predictor(files, product, on_engine_event),
        calibration=_table(files, CALIBRATION_FILE),
        uncertainty=_table(files, UNCERTAINTY_FILE),
    )


def _product(files: Mapping[str, bytes]) -> Product:
    try:
        return read_product(_content(files, PRODUCT_FILE))
    except msgspec.DecodeError as error:
        raise ModelUnusableError(file=PRODUCT_FILE, problem=str(error)) from error


def _predictor(files: Mapping[str, bytes], product: Product, on_engine_event: OnEngineEvent) -> Predictor:
    if SEGMENTS_FILE in files:
        return SegmentPredictor(_decode(files, SEGMENTS_FILE, SegmentModel))
    device = "cpu" if isinstance(product.recipe, RfmSegments) else product.recipe.device
    options = EngineOptions(device=device, on_event=on_engine_event)
    if isinstance(product.recipe, Ensemble):
        return read_ensemble(files, product.recipe, options)
    return choose_engine(_content(files, LIGHTGBM_FILE), options)


def _table(files: Mapping[str, bytes], name: str) -> LinearTable | None:
    table: LinearTable | None = _decode(files, name, LinearTable | None)
    return table


def _decode(files: Mapping[str, bytes], name: str, kind: Any) -> Any:  # noqa: ANN401 - msgspec takes unions of types
    try:
        return msgspec.json.decode(_content(files, name), type=kind)
    except msgspec.DecodeError as error:
        raise ModelUnusableError(file=name, problem=str(error)) from error


def _content(files: Mapping[str, bytes], name: str) -> bytes:
    try:
        return files[name]
    except KeyError:
        raise ModelUnusableError(file=name, problem="it is missing") from None
