"""docs/dashboards.md names every alert, save those of rules that it leaves to another page."""

import re

from platform_assets.contract.alert_rules import ALERT_RULES
from platform_assets.monitoring.dashboards.product_rules import COUNTED, name_of
from platform_assets.monitoring.dashboards.rule_words import Alert
from platform_assets.monitoring.dashboards.rules import rule_groups
from platform_assets.products._discovery import discover_products
from platform_assets.settings import PROJECT_ROOT


def test_the_page_lists_every_alert_and_nothing_else() -> None:
    page = (PROJECT_ROOT / "docs" / "dashboards.md").read_text()
    listed = set(re.findall(r"`(Platform[A-Z]\w+)`", page))
    rules = [rule for group in rule_groups(discover_products()) for rule in group.rules]
    told_elsewhere = {name_of(rule) for rule in ALERT_RULES if rule.measure not in COUNTED}
    assert listed == {rule.alert for rule in rules if isinstance(rule, Alert)} - told_elsewhere
