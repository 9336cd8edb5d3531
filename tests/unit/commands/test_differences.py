"""The list of differences between batch and online is made from the declaration, and each has a test that exists."""

import ast
import json
from pathlib import Path

import msgspec
import pytest

from platform_assets.commands.differences import batch_online_differences
from platform_assets.contract.online import Approximation
from platform_assets.contract.product import Product
from platform_assets.contract.recipes import GradientBoosting
from platform_assets.features.view_contracts import FeatureView, load_views
from platform_assets.products._discovery import discover_products
from platform_assets.settings import PROJECT_ROOT
from tests.unit.commands.conftest import CommandLine

SERVED = [product for product in discover_products() if product.online is not None]


def with_everything() -> tuple[Product, dict[str, FeatureView]]:
    """Return a product with each kind of difference, and the views that it takes columns from."""
    product = next(each for each in SERVED if each.name == "cancellation_risk")
    assert isinstance(product.recipe, GradientBoosting)
    assert product.online is not None
    stated = (Approximation(view="customer_orders", why="it moves slowly"),)
    views = load_views(PROJECT_ROOT)
    views["customer_orders"] = msgspec.structs.replace(views["customer_orders"], offline_only="it comes once a month")
    return msgspec.structs.replace(
        product,
        online=msgspec.structs.replace(product.online, approximations=stated),
        recipe=msgspec.structs.replace(product.recipe, device="gpu"),
    ), views


def test_every_difference_has_a_reason_and_tests_that_exist() -> None:
    differences = batch_online_differences(*with_everything())
    assert len(differences) == 6
    for difference in differences:
        assert difference.why
        assert difference.held_by
        for test in difference.held_by:
            path, _, name = test.partition("::")
            assert name in functions_of(PROJECT_ROOT / path), test


def functions_of(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_an_approximated_view_is_listed_with_its_reason_and_its_justification() -> None:
    (listed,) = [each for each in batch_online_differences(*with_everything()) if each.what == "view customer_orders"]
    assert "it comes once a month" in listed.online
    assert listed.why == "it moves slowly"


@pytest.mark.parametrize("product", SERVED, ids=lambda product: product.name)
def test_no_product_claims_a_difference_that_it_does_not_have(product: Product) -> None:
    listed = {each.what for each in batch_online_differences(product, load_views(PROJECT_ROOT))}
    always = {"stored features", "the instant that a row stands for", "when a score cannot be given"}
    assert listed == always | ({"fields of the request"} if product.request else set())


def test_explain_shows_the_differences_of_a_served_product_and_none_for_one_of_batch_alone(
    command_line: CommandLine,
) -> None:
    served = json.loads(command_line("explain", "churn", "--json").stdout)["Batch and online"]
    assert any(line.startswith("why: ") for line in served["stored features"])
    assert any(line.startswith("held by tests/") for line in served["stored features"])
    told = json.loads(command_line("explain", "clv", "--json").stdout)["Batch and online"]
    assert told == {"differences": "none: the product is not served online"}
