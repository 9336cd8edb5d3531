"""What a recipe must satisfy beyond its types: as triples of place, problem and remedy, like a `BrokenRule`."""

from collections.abc import Iterator, Sequence

import msgspec

from platform_assets.contract.recipes import Ensemble, GradientBoosting, Recipe
from platform_assets.contract.rollout_rules import Broken

_LEAST_MEMBERS = 2


def broken_recipe_rules(recipe: Recipe) -> Iterator[Broken]:
    """Yield every contradiction in a recipe: the mean of a valid ensemble is one of scores that mean the same."""
    if not isinstance(recipe, Ensemble):
        return
    if len(recipe.members) < _LEAST_MEMBERS:
        yield "members", f"{len(recipe.members)} is no ensemble", "Give two at least, or declare the model alone."
        return
    yield from _member_rules(recipe.members)
    yield from _weight_rules(recipe)


def _member_rules(members: Sequence[GradientBoosting]) -> Iterator[Broken]:
    first = members[0]
    for position, member in enumerate(members):
        where = f"members[{position}]"
        if member.objective != first.objective:
            problem = f"its objective {member.objective!r} is not {first.objective!r} of the first"
            yield where, problem, "Declare one objective: scores of two kinds have no mean."
        if member.device != first.device:
            problem = f"its device {member.device!r} is not {first.device!r} of the first"
            yield where, problem, "Declare one device for all members."
        if member.calibration != "none" or member.calibration_days is not None:
            yield where, "it is calibrated by itself", "Declare `calibration` and its days beside `members`."
        if _as_learned(member) in map(_as_learned, members[:position]):
            remedy = (
                "Give it other parameters or let it draw (feature_fraction, bagging_fraction); `weights` count more."
            )
            yield where, "it learns the same trees as a member before it", remedy


def _as_learned(member: GradientBoosting) -> GradientBoosting:
    """Return what the trees depend on: a seed changes nothing where neither rows nor features are drawn."""
    is_drawn = member.feature_fraction < 1.0 or member.bagging_fraction < 1.0
    return member if is_drawn else msgspec.structs.replace(member, seed=0)


def _weight_rules(recipe: Ensemble) -> Iterator[Broken]:
    if recipe.weights is None:
        return
    if len(recipe.weights) != len(recipe.members):
        problem = f"{len(recipe.weights)} weights stand for {len(recipe.members)} members"
        yield "weights", problem, "Give one for each member, in order, or none for the plain mean."
    for position, weight in enumerate(recipe.weights):
        if not 0.0 < weight < float("inf"):
            yield (
                f"weights[{position}]",
                f"{weight:g} is not above 0 and finite",
                "Leave out a member that counts nothing.",
            )
