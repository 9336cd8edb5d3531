"""Declarations as JSON: compiled at publication, read by the runtime, identified by their digest."""

import hashlib

import msgspec

from platform_assets.contract.product import Product


def compile_product(product: Product) -> bytes:
    """Return the canonical JSON of a declaration: the same declaration gives the same bytes."""
    return msgspec.json.encode(product, order="deterministic")


def read_product(document: bytes) -> Product:
    """Read a compiled declaration; raises msgspec.ValidationError naming the path of a wrong value."""
    return msgspec.json.decode(document, type=Product)


def product_digest(product: Product) -> str:
    """Return the sha256 of the compiled declaration, in hex."""
    return hashlib.sha256(compile_product(product)).hexdigest()
