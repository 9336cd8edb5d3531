"""Where the SLAs of products stand, as plain records for people and programs."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from platform_assets.contract.product import Product
from platform_assets.contract.promises import PromiseState
from platform_assets.contract.slas import Measure, Mode

if TYPE_CHECKING:
    from platform_assets.ledger.database import Ledger


class SlaLine(msgspec.Struct, frozen=True, kw_only=True):
    """One objective of one mode of a product; shares from 0 to 1, `burn` by hours, None where nothing was counted."""

    product: str
    mode: Mode
    measure: Measure
    owner: str
    owner_email: str
    target_ratio: float
    window_days: int
    value: float | None
    good: float
    total: float
    budget_units: float
    budget_left: float
    burn: dict[str, float]
    state: PromiseState
    told: str


def sla_lines(ledger: "Ledger | None", products: Sequence[Product], at: dt.datetime) -> list[SlaLine]:
    """Return where each objective stands at an instant, from what was counted until then; nothing is asked anew."""
    from platform_assets.monitoring.slas.observe import sla_standings

    return [
        SlaLine(
            product=one.held.product,
            mode=one.held.mode,
            measure=one.held.objective.measure,
            owner=one.held.owner.team,
            owner_email=one.held.owner.email,
            target_ratio=one.held.objective.target_ratio,
            window_days=one.held.sla.window_days,
            value=one.budget.value,
            good=one.budget.units.good,
            total=one.budget.units.total,
            budget_units=one.budget.budget,
            budget_left=one.budget.left,
            burn=one.budget.burn,
            state=one.budget.state,
            told=one.budget.told,
        )
        for product in products
        for one in sla_standings(ledger, product, at)
    ]
