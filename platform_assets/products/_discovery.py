"""Finds and validates the product files; a wrong one is refused with its path before anything is built."""

import importlib.util
from functools import cache
from pathlib import Path

import msgspec

from platform_assets.contract.compile import compile_product, read_product
from platform_assets.contract.product import Product
from platform_assets.contract.rules import broken_rules
from platform_assets.errors import InvalidProductError

PRODUCTS_DIR = Path(__file__).resolve().parent


@cache
def discover_products(directory: Path = PRODUCTS_DIR) -> tuple[Product, ...]:
    """Return every declared product, sorted by name. Raises InvalidProductError for the first wrong file."""
    files = sorted(path for path in directory.glob("*.py") if not path.name.startswith("_"))
    return tuple(_load(path) for path in files)


def _load(path: Path) -> Product:
    product = _declaration(path)
    try:
        # msgspec checks types when it decodes, not when it constructs.
        product = read_product(compile_product(product))
    except (msgspec.ValidationError, TypeError) as error:
        raise InvalidProductError(
            product=path.stem, where="PRODUCT", problem=str(error), remedy="Correct the value at that path."
        ) from error
    for rule in broken_rules(product, file_stem=path.stem):
        raise InvalidProductError(product=path.stem, where=rule.where, problem=rule.problem, remedy=rule.remedy)
    return product


def _declaration(path: Path) -> Product:
    spec = importlib.util.spec_from_file_location(f"platform_assets.products.{path.stem}", path)
    if spec is None or spec.loader is None:
        raise InvalidProductError(
            product=path.stem, where="file", problem="it cannot be read", remedy="Check the file name."
        )
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except TypeError as error:  # an unknown or missing field of a declaration
        raise InvalidProductError(
            product=path.stem, where="PRODUCT", problem=str(error), remedy="Use the fields of contract/product.py."
        ) from error
    declared = getattr(module, "PRODUCT", None)
    if not isinstance(declared, Product):
        raise InvalidProductError(
            product=path.stem, where="PRODUCT", problem="it is not declared", remedy="Assign one Product to PRODUCT."
        )
    return declared
