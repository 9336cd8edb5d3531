"""The members of an ensemble as files of one bundle: their names, what the manifest tells, how they are loaded."""

from collections.abc import Mapping

from platform_assets.contract.product import Product
from platform_assets.contract.recipes import Ensemble, Recipe
from platform_assets.errors import ModelUnusableError
from platform_assets.inference.bundle_manifest import MANIFEST_FILE, BundleManifest, BundleMember
from platform_assets.inference.engines import EngineOptions, choose_engine
from platform_assets.inference.predict_ensemble import EnsemblePredictor
from platform_assets.inference.predictor import Predictor


def member_file(position: int) -> str:
    """Return the file of the member at a position of the declaration, counted from 0: model_1.txt, model_2.txt, ..."""
    return f"model_{position + 1}.txt"


def members_of(recipe: Recipe) -> tuple[BundleMember, ...]:
    """Return the members that a bundle of a recipe has, in the order of summation; none for a single model."""
    if not isinstance(recipe, Ensemble):
        return ()
    weights = enumerate(recipe.member_weights)
    return tuple(BundleMember(file=member_file(position), weight=float(weight)) for position, weight in weights)


def read_ensemble(files: Mapping[str, bytes], recipe: Ensemble, options: EngineOptions) -> EnsemblePredictor:
    """Return the loaded members; each engine is chosen and proven by itself.

    Raises ModelUnusableError naming the file of the member that cannot be used, and what `choose_engine` raises.
    """
    members = [_read_member(files, member.file, options) for member in members_of(recipe)]
    return EnsemblePredictor(members, recipe.member_weights)


def require_members(manifest: BundleManifest, product: Product) -> None:
    """Raise ModelUnusableError unless a manifest tells the members by which its product scores."""
    told, declared = manifest.members, members_of(product.recipe)
    if told != declared:
        problem = f"it tells of {len(told)} members with other files or weights than the {len(declared)} declared ones"
        raise ModelUnusableError(file=MANIFEST_FILE, problem=problem)


def _read_member(files: Mapping[str, bytes], name: str, options: EngineOptions) -> Predictor:
    if name not in files:
        raise ModelUnusableError(file=name, problem="it is missing")
    try:
        return choose_engine(files[name], options)
    except ModelUnusableError as error:
        raise ModelUnusableError(file=name, problem=error.problem) from error
