"""Populations and labels: what the SQL of a product must yield, and what happens when it does not."""

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from platform_assets.contract.product import Product
from platform_assets.errors import InvalidProductError, NotMaterializedError
from platform_assets.features.population import label_examples, run_population
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings
from tests.unit.features.feature_samples import at, write_build

POPULATION = """
    select a.as_of, a.as_of as event_at, o.customer_id from as_of a join orders o on o.ordered_at < a.as_of
"""
UTC_US = pa.timestamp("us", tz="UTC")


def _product(population: str = POPULATION, label: str | None = None) -> Product:
    product = next(item for item in discover_products() if item.name == "segments")
    told = msgspec.structs.replace(product.label, sql=label) if label else product.label
    return msgspec.structs.replace(
        product, label=told, batch=msgspec.structs.replace(product.batch, population=population)
    )


def _settings(root: Path) -> Settings:
    settings = Settings(home=root, fsync=False)
    orders: list[dict[str, Any]] = [
        {"customer_id": "2", "ordered_at": at(1)},
        {"customer_id": "1", "ordered_at": at(2)},
    ]
    write_build(settings.staging_dir / "orders.parquet", orders)
    spent = [{"customer_id": "1", "event_at": at(3), "amount_gbp": 5.0}]
    write_build(settings.staging_dir / "net_spend.parquet", spent)
    return settings


def _run(root: Path, sql: str, as_ofs: list[dt.datetime]) -> pa.Table:
    return run_population(_settings(root), _product(sql), sql, as_ofs)


def test_rows_are_numbered_by_as_of_event_time_and_keys(tmp_path: Path) -> None:
    table = _run(tmp_path, POPULATION, [at(3), at(2)])
    assert table.column("row_id").to_pylist() == [0, 1, 2]
    assert table.column("customer_id").to_pylist() == ["2", "1", "2"]
    assert table.column("as_of").to_pylist() == [at(2), at(3), at(3)]
    assert table.schema.field("event_at").type == UTC_US


def test_no_as_of_yields_no_row_but_all_columns(tmp_path: Path) -> None:
    assert _run(tmp_path, POPULATION, []).column_names == ["row_id", "as_of", "event_at", "customer_id"]


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("select as_of, as_of as event_at from as_of", "columns missing"),
        ("select as_of, as_of as event_at, '1' as customer_id, 1 as more from as_of", "more"),
        ("select as_of, as_of as event_at, null as customer_id from as_of", "1 rows without a value"),
        ("select as_of, as_of as event_at, '1' as customer_id from as_of, range(2)", "1 repeated rows"),
        ("select nonsense from as_of", "nonsense"),
    ],
)
def test_sql_that_yields_something_else_is_refused_with_the_difference(tmp_path: Path, sql: str, problem: str) -> None:
    with pytest.raises(InvalidProductError, match=problem):
        _run(tmp_path, sql, [at(3)])


def test_a_staging_model_that_was_never_built_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotMaterializedError, match="returns"):
        _run(tmp_path, "select * from returns", [at(3)])


def test_without_any_staging_file_the_assets_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotMaterializedError, match="staging"):
        run_population(Settings(home=tmp_path), _product(), POPULATION, [at(3)])


def _examples(order: list[int]) -> pa.Table:
    customers = {0: "1", 1: "2", 2: "1"}
    return pa.table(
        {
            "row_id": pa.array(order, type=pa.int64()),
            "as_of": pa.array([at(3)] * len(order), type=UTC_US),
            "event_at": pa.array([at(3 if row < 2 else 4) for row in order], type=UTC_US),
            "customer_id": [customers[row] for row in order],
        }
    )


def test_labels_follow_the_examples_in_whatever_order(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    for order, labels in (([0, 1, 2], [5.0, 0.0, 0.0]), ([2, 0, 1], [0.0, 5.0, 0.0])):
        assert label_examples(settings, _product(), _examples(order)).column("label").to_pylist() == labels


def test_an_example_without_truth_gets_no_label(tmp_path: Path) -> None:
    product = _product(label="select row_id, 1 as label from examples where row_id = 1")
    table = label_examples(_settings(tmp_path), product, _examples([0, 1]))
    assert table.column("label").to_pylist() == [None, 1.0]


def test_a_label_that_repeats_a_row_is_refused(tmp_path: Path) -> None:
    product = _product(label="select row_id, 1 as label from examples, range(2)")
    with pytest.raises(InvalidProductError, match="more than once"):
        label_examples(_settings(tmp_path), product, _examples([0, 1]))


def test_a_zone_of_the_machine_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = _run(tmp_path, POPULATION, [at(3)])
    monkeypatch.setenv("TZ", "America/New_York")
    assert _run(tmp_path, POPULATION, [at(3)]).equals(expected)
