"""Synthetic examples for any product, made from its declaration, and pairs trained on them."""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from platform_assets.contract.product import Product
from platform_assets.contract.recipes import GradientBoosting
from platform_assets.inference.frame import text_columns
from platform_assets.products._discovery import discover_products
from platform_assets.training.splits import as_of_grid

ENTITIES = 40
INSTANT = pa.timestamp("us", tz="UTC")
MakeExamples = Callable[[Product], "pa.Table"]


@pytest.fixture(params=discover_products(), ids=lambda product: product.name)
def product(request: pytest.FixtureRequest) -> Product:
    """Every declared product, with a smaller model and fewer as-of days so that a test is quick."""
    declared: Product = request.param
    split = msgspec.structs.replace(declared.split, step="month", test_days=0)
    if declared.dataset == "car_parks":  # too short for months
        split = msgspec.structs.replace(split, step="week")
    recipe = declared.recipe
    if isinstance(recipe, GradientBoosting):
        recipe = msgspec.structs.replace(recipe, rounds=15, leaves=7, min_rows_per_leaf=10)
    return msgspec.structs.replace(declared, split=split, recipe=recipe)


@pytest.fixture(scope="session")
def make_examples() -> MakeExamples:
    """Return a function that makes a seeded table of examples for a product."""
    return _examples


def _examples(product: Product) -> "pa.Table":
    random = np.random.default_rng(20111209)
    grid = as_of_grid(product.split, horizon_hours=product.label.horizon_hours)
    rows = ENTITIES * len(grid)
    as_of = np.repeat(np.array([day.replace(tzinfo=None) for day in grid], dtype="datetime64[us]"), ENTITIES)
    entity = np.tile(np.array([f"e{number}" for number in range(ENTITIES)]), len(grid))
    columns: dict[str, Any] = {
        "row_id": pa.array(np.arange(rows)),
        "as_of": pa.array(as_of, INSTANT),
        "event_at": pa.array(as_of, INSTANT),
        product.entity.row_keys[0]: pa.array(entity),
    }
    signal = np.zeros(rows)
    named = (*product.entity.row_keys, *(field.name for field in product.request), *product.stored_columns)
    for name in (name for name in named if name not in columns):
        columns[name], effect = _column(name, name in text_columns(product), as_of, random)
        signal += effect
    columns["label"] = pa.array(_label(product, (signal - signal.mean()) / signal.std(), random))
    return pa.table(columns)


def _column(name: str, is_text: bool, as_of: np.ndarray, random: np.random.Generator) -> tuple[Any, np.ndarray]:  # noqa: FBT001 - a private helper
    rows = len(as_of)
    if is_text:
        return pa.array(np.array(["a", "b", "c"])[random.integers(0, 3, rows)]), np.zeros(rows)
    if name.endswith("_at"):
        minutes = 30 * random.integers(1, 40, rows).astype("timedelta64[m]")
        return pa.array(as_of + (minutes if name == "target_at" else -minutes), INSTANT), np.zeros(rows)
    values = random.gamma(2.0, 1.0, rows)
    return pa.array(np.where(random.random(rows) < 0.05, np.nan, values), from_pandas=True), values


def _label(product: Product, signal: np.ndarray, random: np.random.Generator) -> np.ndarray:
    if product.score.kind == "probability":
        drawn: np.ndarray = random.random(len(signal)) < 1 / (1 + np.exp(-2 * signal))
        return drawn.astype(np.float64)
    if product.score.high < 2:
        return np.clip(0.5 + 0.1 * signal, 0.0, 1.0)
    return np.maximum(100.0 + 50.0 * signal, 0.0)
