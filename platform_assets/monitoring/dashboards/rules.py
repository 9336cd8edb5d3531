"""All rules of the platform."""

from collections.abc import Sequence

from platform_assets.contract.product import Product
from platform_assets.monitoring.dashboards.burn_rules import burn_groups
from platform_assets.monitoring.dashboards.platform_rules import ENDPOINT, PROMISES
from platform_assets.monitoring.dashboards.product_rules import product_groups
from platform_assets.monitoring.dashboards.rule_words import RuleGroup


def rule_groups(products: Sequence[Product]) -> tuple[RuleGroup, ...]:
    """Return the rules that follow from what the products declare."""
    return (*burn_groups(products), *product_groups(products), ENDPOINT, PROMISES)
