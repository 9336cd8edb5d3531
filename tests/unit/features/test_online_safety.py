"""Which feature views a served product may use: those that are safe online, others as a declared approximation."""

from pathlib import Path

import msgspec
import pytest
import yaml

from platform_assets.contract.online import Approximation
from platform_assets.contract.product import Product
from platform_assets.contract.rules import broken_rules
from platform_assets.errors import InvalidProductError, OfflineOnlyViewError, ViewContractError
from platform_assets.features.view_contracts import FeatureView, check_product, load_views
from platform_assets.products._discovery import discover_products
from platform_assets.settings import PROJECT_ROOT

REASON = "bought from a bureau once a month"
GOOD_ENOUGH = Approximation(view="customer_orders", why="these values move by less than a percent in a month")


def product_named(name: str) -> Product:
    return next(product for product in discover_products() if product.name == name)


def churn(*approximations: Approximation) -> Product:
    product = product_named("churn")
    assert product.online is not None
    online = msgspec.structs.replace(product.online, approximations=approximations)
    return msgspec.structs.replace(product, online=online)


@pytest.fixture
def offline_only(tmp_path: Path) -> dict[str, FeatureView]:
    return views_with(tmp_path, offline_only=REASON)


def views_with(root: Path, **declared: str) -> dict[str, FeatureView]:
    folder = "dbt_project/models/features"
    document = yaml.safe_load((PROJECT_ROOT / folder / "customer_orders.yml").read_text(encoding="utf-8"))
    document["models"][0]["config"]["meta"]["feature_view"].update(declared)
    (root / folder).mkdir(parents=True)
    (root / folder / "customer_orders.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return load_views(root)


def test_a_served_product_with_an_offline_only_view_is_refused_with_the_reason_and_the_remedy(
    offline_only: dict[str, FeatureView],
) -> None:
    with pytest.raises(OfflineOnlyViewError, match=rf"churn\.py.*customer_orders.*{REASON}.*Approximation\("):
        check_product(churn(), offline_only)


def test_a_served_product_may_use_such_a_view_as_a_justified_approximation(
    offline_only: dict[str, FeatureView],
) -> None:
    check_product(churn(GOOD_ENOUGH), offline_only)
    assert not list(broken_rules(churn(GOOD_ENOUGH), file_stem="churn"))


def test_a_product_of_batch_alone_may_use_such_a_view(offline_only: dict[str, FeatureView]) -> None:
    check_product(product_named("clv"), offline_only)


def test_a_view_that_is_safe_online_cannot_be_called_an_approximation() -> None:
    with pytest.raises(InvalidProductError, match="safe online"):
        check_product(churn(GOOD_ENOUGH), load_views(PROJECT_ROOT))


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [({"why": " "}, "not justified"), ({"view": "parking_recent"}, "'parking_recent' is not used")],
)
def test_an_approximation_needs_a_justification_and_a_view_of_the_product(wrong: dict[str, str], problem: str) -> None:
    (broken,) = broken_rules(churn(msgspec.structs.replace(GOOD_ENOUGH, **wrong)), file_stem="churn")
    assert broken.where == "online.approximations[0]"
    assert problem in broken.problem


@pytest.mark.parametrize("declared", [{"offline_only": " "}, {"ofline_only": REASON}])
def test_a_view_without_a_reason_or_with_a_misspelt_word_is_refused(tmp_path: Path, declared: dict[str, str]) -> None:
    with pytest.raises(ViewContractError, match="customer_orders"):
        views_with(tmp_path, **declared)
