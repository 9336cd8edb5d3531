"""How a product shows in the UI: owner and tags, derived from its declaration."""

from platform_assets.contract.product import Product
from platform_assets.contract.promises import Owner


def owner_of(owner: Owner) -> str:
    """Return the owner as Dagster writes teams."""
    return f"team:{owner.team}"


def tags_of(product: Product) -> dict[str, str]:
    """Return the tags that every asset of a product carries."""
    return {
        "product": product.name,
        "entity": product.entity.name,
        "cadence": product.batch.cadence,
        "online": "yes" if product.online is not None else "no",
    }
