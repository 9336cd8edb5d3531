"""One broken promise in words: its title, and who answers for it."""

from platform_assets.contract.product import Product
from platform_assets.contract.promises import Owner
from platform_assets.contract.quantity import quantity
from platform_assets.ledger.promises import PromiseChange, PromiseStanding
from platform_assets.monitoring.incidents.reach import is_about_online

Breach = PromiseChange | PromiseStanding


def title_of(product: Product, breach: Breach) -> str:
    """Return what is broken in one line."""
    subject = f" of {breach.subject}" if breach.subject else ""
    return f"{product.title}: {breach.promise}{subject} is broken{measured(breach)}"


def measured(breach: Breach) -> str:
    """Return the measured value beside its limit in parentheses, or nothing where nothing was measured."""
    if breach.value is None:
        return ""
    promised = f", promised {quantity(breach.limit, breach.unit)}" if breach.limit is not None else ""
    return f" ({quantity(breach.value, breach.unit)}{promised})"


def owner_of_breach(product: Product, promise: str, subject: str) -> Owner:
    """Return who answers for a broken promise: the owner of the online block, or that of the product."""
    return product.online.owner if product.online and is_about_online(promise, subject) else product.owner
