"""What people look at before they ask for a new model."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from platform_assets.contract.product import Product
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.ledger.database import Ledger
    from platform_assets.ledger.retraining import RetrainingRequest


class RetrainingLine(msgspec.Struct, frozen=True, kw_only=True):
    """How a product stands: `action` is what follows now, `reason` why; the labels are not counted for this look."""

    product: str
    is_automatic: bool
    action: str
    reason: str


class RetrainingOverview(msgspec.Struct, frozen=True, kw_only=True):
    """How products stand, and all their requests, oldest first."""

    products: list[RetrainingLine]
    requests: "list[RetrainingRequest]"


def retraining_overview(
    settings: Settings, ledger: "Ledger | None", products: Sequence[Product], at: dt.datetime
) -> RetrainingOverview:
    """Return how products stand at a wall time; nothing is changed."""
    if ledger is None:
        return RetrainingOverview(
            products=[_line(one, "nothing", "nothing is recorded yet") for one in products], requests=[]
        )
    from platform_assets.ledger.retraining import requests
    from platform_assets.monitoring.retraining.decide import decide
    from platform_assets.orchestration.retraining_request import situation_of

    lines = []
    for product in products:
        verdict = decide(situation_of(settings, ledger, product, at))
        lines.append(_line(product, verdict.action, verdict.reason))
    known = [one for product in products for one in requests(ledger, product.name)]
    return RetrainingOverview(products=lines, requests=sorted(known, key=lambda one: one.request_id))


def _line(product: Product, action: str, reason: str) -> RetrainingLine:
    is_automatic = product.retraining.is_automatic
    return RetrainingLine(product=product.name, is_automatic=is_automatic, action=action, reason=reason)
