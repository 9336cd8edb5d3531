"""From a declared recipe to the function that trains it."""

from platform_assets.contract.product import Product
from platform_assets.contract.recipes import Ensemble, RfmSegments
from platform_assets.inference.frame import Frame
from platform_assets.training.ensemble import train_ensemble
from platform_assets.training.gradient_boosting import train_gradient_boosting
from platform_assets.training.rfm_segments import train_rfm_segments
from platform_assets.training.trained_pair import TrainedPair


def train_pair(product: Product, train: Frame) -> TrainedPair:
    """Train the pair of a product on a frame with its on-demand features and `label`.

    The same rows, declaration and seed give the same bytes.
    """
    if isinstance(product.recipe, RfmSegments):
        return train_rfm_segments(product, product.recipe, train)
    if isinstance(product.recipe, Ensemble):
        return train_ensemble(product, product.recipe, train)
    return train_gradient_boosting(product, product.recipe, train)
