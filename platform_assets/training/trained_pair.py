"""What a recipe hands over: the files of a pair and how it was trained."""

from collections.abc import Mapping
from dataclasses import dataclass

from platform_assets.contract.compile import compile_product
from platform_assets.contract.product import Product
from platform_assets.inference import pair as pair_files
from platform_assets.inference.bundle_manifest import Framework


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedPair:
    """The bytes of both halves with calibration and uncertainty (`null` where the recipe has none).

    `models` names the file of the model, or of each member of an ensemble.
    """

    framework: Framework
    preprocessor: bytes
    models: Mapping[str, bytes]
    calibration: bytes
    uncertainty: bytes
    parameters: Mapping[str, str]

    def files(self, product: Product) -> dict[str, bytes]:
        """Return the files of the pair as a bundle names them, without the online manifest."""
        return {
            pair_files.PRODUCT_FILE: compile_product(product),
            pair_files.PREPROCESSOR_FILE: self.preprocessor,
            **self.models,
            pair_files.CALIBRATION_FILE: self.calibration,
            pair_files.UNCERTAINTY_FILE: self.uncertainty,
        }
