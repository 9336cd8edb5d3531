"""Finds a product by the name given on the command line."""

from platform_assets.contract.product import Product
from platform_assets.errors import UnknownProductError
from platform_assets.products._discovery import discover_products


def product_named(name: str) -> Product:
    """Return the declared product. Raises UnknownProductError with the known names."""
    for product in discover_products():
        if product.name == name:
            return product
    raise UnknownProductError(product=name, known=", ".join(product.name for product in discover_products()))
