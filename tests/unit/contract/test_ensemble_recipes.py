"""What may be declared as an ensemble: models whose scores have a mean, and weights that say how much each counts."""

import math

import msgspec
import pytest

from platform_assets.contract.compile import compile_product, read_product
from platform_assets.contract.recipe_rules import broken_recipe_rules
from platform_assets.contract.recipes import Ensemble, GradientBoosting
from platform_assets.contract.rules import broken_rules
from platform_assets.products._discovery import discover_products

FIRST = GradientBoosting(objective="binary", rounds=100, learning_rate=0.05, leaves=8, min_rows_per_leaf=50)
DEEPER = msgspec.structs.replace(FIRST, leaves=31)
SLOWER = msgspec.structs.replace(FIRST, learning_rate=0.01)


def test_an_ensemble_of_different_models_keeps_all_rules() -> None:
    assert list(broken_recipe_rules(Ensemble(members=(FIRST, DEEPER, SLOWER)))) == []
    assert list(broken_recipe_rules(Ensemble(members=(FIRST, DEEPER), weights=(2.0, 1.0)))) == []


def test_members_that_draw_may_differ_in_their_seed_alone() -> None:
    drawn = msgspec.structs.replace(FIRST, feature_fraction=0.7)
    assert list(broken_recipe_rules(Ensemble(members=(drawn, msgspec.structs.replace(drawn, seed=2))))) == []


@pytest.mark.parametrize(
    ("ensemble", "where", "problem"),
    [
        (Ensemble(members=()), "members", "0 is no ensemble"),
        (Ensemble(members=(FIRST,)), "members", "1 is no ensemble"),
        (
            Ensemble(members=(FIRST, msgspec.structs.replace(DEEPER, objective="regression"))),
            "members[1]",
            "'regression' is not 'binary'",
        ),
        (Ensemble(members=(FIRST, msgspec.structs.replace(DEEPER, device="gpu"))), "members[1]", "'gpu' is not 'cpu'"),
        (
            Ensemble(members=(msgspec.structs.replace(FIRST, calibration="isotonic"), DEEPER)),
            "members[0]",
            "calibrated by itself",
        ),
        (
            Ensemble(members=(FIRST, msgspec.structs.replace(DEEPER, calibration_days=30))),
            "members[1]",
            "calibrated by itself",
        ),
        (Ensemble(members=(FIRST, DEEPER, FIRST)), "members[2]", "the same trees"),
        (Ensemble(members=(FIRST, msgspec.structs.replace(FIRST, seed=2))), "members[1]", "the same trees"),
        (Ensemble(members=(FIRST, DEEPER), weights=(1.0,)), "weights", "1 weights stand for 2 members"),
        (Ensemble(members=(FIRST, DEEPER), weights=()), "weights", "0 weights stand for 2 members"),
        (Ensemble(members=(FIRST, DEEPER), weights=(1.0, 0.0)), "weights[1]", "0 is not above 0"),
        (Ensemble(members=(FIRST, DEEPER), weights=(-1.0, 2.0)), "weights[0]", "-1 is not above 0"),
        (Ensemble(members=(FIRST, DEEPER), weights=(1.0, math.inf)), "weights[1]", "inf is not above 0 and finite"),
        (Ensemble(members=(FIRST, DEEPER), weights=(math.nan, 1.0)), "weights[0]", "nan is not above 0"),
    ],
)
def test_what_has_no_mean_is_told_with_place_and_remedy(ensemble: Ensemble, where: str, problem: str) -> None:
    (broken,) = broken_recipe_rules(ensemble)
    assert broken[0] == where
    assert problem in broken[1]
    assert broken[2].endswith(".")


def test_a_product_is_refused_for_a_broken_ensemble_by_the_path_inside_its_declaration() -> None:
    churn = next(product for product in discover_products() if product.name == "churn")
    product = msgspec.structs.replace(churn, recipe=Ensemble(members=(FIRST, DEEPER), weights=(1.0,)))
    assert [rule.where for rule in broken_rules(product, file_stem="churn")] == ["recipe.weights"]


def test_a_declared_ensemble_comes_back_from_json_as_it_was() -> None:
    churn = next(product for product in discover_products() if product.name == "churn")
    for weights in (None, (2.0, 1.0)):
        product = msgspec.structs.replace(churn, recipe=Ensemble(members=(FIRST, DEEPER), weights=weights))
        assert read_product(compile_product(product)) == product


def test_an_ensemble_inside_an_ensemble_is_refused_when_it_is_read() -> None:
    document = msgspec.json.encode({"type": "ensemble", "members": [Ensemble(members=(FIRST, DEEPER)), FIRST]})
    with pytest.raises(msgspec.ValidationError, match="ensemble"):
        msgspec.json.decode(document, type=Ensemble)
