"""What a recipe hands over: the files of a pair and how it was trained."""

from collections.abc import Mapping
from dataclasses import dataclass

from platform_assets.contract.compile import compile_product
from platform_assets.contract.product import Product
from platform_assets.inference import pair as pair_files
from platform_assets.inference.bundle_manifest import Framework


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedPair:
    """The bytes of both halves with calibration and uncertainty (`null` where the recipe has none)."""

    framework: Framework
    preprocessor: bytes
    model: bytes
    calibration: bytes
    uncertainty: bytes
    parameters: Mapping[str, str]

    def files(self, product: Product) -> dict[str, bytes]:
        """Return the files of the pair as a bundle names them, without the online manifest."""
        is_rules = self.framework == "rfm_segments"
        return {
            pair_files.PRODUCT_FILE: compile_product(product),
            pair_files.PREPROCESSOR_FILE: self.preprocessor,
            pair_files.SEGMENTS_FILE if is_rules else pair_files.LIGHTGBM_FILE: self.model,
            pair_files.CALIBRATION_FILE: self.calibration,
            pair_files.UNCERTAINTY_FILE: self.uncertainty,
        }
