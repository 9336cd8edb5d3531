"""What a product was found to break and promises no longer: nobody looks at it, and yet its breach has to end."""

import datetime as dt

from platform_assets.contract.alert_rules import ALERT_RULES
from platform_assets.contract.product import Product
from platform_assets.contract.promises import RULE_PREFIX
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.promises import Observation, promise_standings
from platform_assets.monitoring.slas.held import held
from platform_assets.settings import Settings

_OF_ONLINE = frozenset({"snapshot_age", "materialization_lag", "materialization_success", "rollout"})


def observe_withdrawn(_settings: Settings, ledger: Ledger, product: Product, _at: dt.datetime) -> list[Observation]:
    """Return as over whatever stands otherwise than kept and is not declared any more."""
    return [
        Observation(
            product=product.name,
            promise=one.promise,
            subject=one.subject,
            state="kept",
            facts={"standing": "promised no longer"},
        )
        for one in promise_standings(ledger, product.name)
        if one.state != "kept" and not is_promised(product, one.promise, one.subject)
    ]


def is_promised(product: Product, promise: str, subject: str) -> bool:
    """Tell whether a product, as it is declared now, promises that."""
    if promise == "source_age":
        return product.batch.freshness.max_source_age_hours is not None
    if promise in _OF_ONLINE or (promise, subject) == ("runs", "online"):
        return product.online is not None
    if promise.startswith("sla_"):
        return (promise, subject) in {(one.promise, one.mode) for one in held(product)}
    if promise.startswith(RULE_PREFIX):
        return product.online is not None and promise in {f"{RULE_PREFIX}{rule.name}" for rule in ALERT_RULES}
    return True
