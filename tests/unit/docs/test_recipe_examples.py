"""The recipes that the documents show are ones that a product may declare."""

import re

from platform_assets.contract.recipe_rules import broken_recipe_rules
from platform_assets.contract.recipes import Ensemble, GradientBoosting
from platform_assets.settings import PROJECT_ROOT


def test_the_ensemble_that_is_shown_can_be_declared_as_it_is() -> None:
    page = (PROJECT_ROOT / "CONTRIBUTING.md").read_text()
    (shown,) = re.findall(r"^```python\nRECIPE = (Ensemble\(.*?^\))$", page, re.DOTALL | re.MULTILINE)
    recipe = eval(shown, {"Ensemble": Ensemble, "GradientBoosting": GradientBoosting})  # noqa: S307 - our own document
    assert isinstance(recipe, Ensemble)
    assert list(broken_recipe_rules(recipe)) == []
    assert recipe.weights == (2.0, 1.0, 1.0)
