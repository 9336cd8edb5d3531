"""Contracts of feature views: what dbt declares, what products may ask for."""

from pathlib import Path

import msgspec
import pytest

from platform_assets.contract.features import FeatureService, FeatureViewUse
from platform_assets.contract.product import Product
from platform_assets.errors import (
    InvalidProductError,
    UnknownFeatureError,
    UnknownFeatureViewError,
    ViewContractError,
)
from platform_assets.features.view_contracts import check_product, load_views, view_named
from platform_assets.products._discovery import discover_products

CONTRACT = """
models:
  - name: customer_orders
    description: Orders of a customer.
    config:
      meta:
        feature_view:
          {{entity: customer_id, join_keys: [customer_id], event_time: event_at, max_age_hours: 48, ttl_days: 90,
            owner: customer-intelligence, title: Customer orders, version: 1}}
    columns:
      - {{name: customer_id, data_type: varchar, description: The customer.}}
      - {{name: event_at, data_type: timestamp, description: The as-of.}}
      - {{name: order_count, data_type: bigint, description: Orders so far.}}
      - {{name: {extra}, data_type: double, description: One more.}}
"""


def _project(root: Path, extra: str = "order_gbp_mean") -> Path:
    folder = root / "dbt_project" / "models" / "features"
    folder.mkdir(parents=True)
    (folder / "customer_orders.yml").write_text(CONTRACT.format(extra=extra), encoding="utf-8")
    return root


def _segments(use: FeatureViewUse) -> Product:
    product = next(item for item in discover_products() if item.name == "segments")
    return msgspec.structs.replace(product, features=FeatureService(version=1, views=(use,)))


def test_a_view_tells_its_features_apart_from_keys_and_event_time(tmp_path: Path) -> None:
    view = load_views(_project(tmp_path))["customer_orders"]
    assert view.feature_names == ("order_count", "order_gbp_mean")
    assert view.type_of("order_count") == "BIGINT"
    assert view.ttl.days == 90


@pytest.mark.parametrize("name", ["rn", "spend_y", "entity_row_id", "known_at"])
def test_a_feature_name_that_breaks_the_joins_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ViewContractError, match=name):
        load_views(_project(tmp_path, name))


def test_a_contract_with_a_wrong_type_is_refused_with_its_path(tmp_path: Path) -> None:
    path = _project(tmp_path) / "dbt_project/models/features/customer_orders.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("ttl_days: 90", "ttl_days: long"), encoding="utf-8")
    with pytest.raises(ViewContractError, match=r"\$\.ttl_days"):
        load_views(tmp_path)


def test_a_feature_that_is_no_number_is_refused(tmp_path: Path) -> None:
    path = _project(tmp_path) / "dbt_project/models/features/customer_orders.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("bigint", "varchar"), encoding="utf-8")
    with pytest.raises(ViewContractError, match="order_count"):
        load_views(tmp_path)


def test_an_unknown_view_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownFeatureViewError, match="customer_orders"):
        view_named(load_views(_project(tmp_path)), "orders")


def test_a_product_that_names_a_missing_column_is_refused(tmp_path: Path) -> None:
    product = _segments(FeatureViewUse(view="customer_orders", columns=("order_number",)))
    with pytest.raises(UnknownFeatureError, match="order_number"):
        check_product(product, load_views(_project(tmp_path)))


def test_a_product_that_takes_a_column_twice_is_refused(tmp_path: Path) -> None:
    product = _segments(FeatureViewUse(view="customer_orders", columns=("order_count", "order_count")))
    with pytest.raises(InvalidProductError, match="more than once"):
        check_product(product, load_views(_project(tmp_path)))


def test_a_product_whose_rows_lack_a_join_key_is_refused(tmp_path: Path) -> None:
    product = _segments(FeatureViewUse(view="customer_orders", columns=("order_count",)))
    entity = msgspec.structs.replace(product.entity, row_keys=("order_id",))
    with pytest.raises(InvalidProductError, match="customer_id"):
        check_product(msgspec.structs.replace(product, entity=entity), load_views(_project(tmp_path)))


def test_a_product_with_known_columns_passes(tmp_path: Path) -> None:
    product = _segments(FeatureViewUse(view="customer_orders", columns=("order_count",)))
    check_product(product, load_views(_project(tmp_path)))
