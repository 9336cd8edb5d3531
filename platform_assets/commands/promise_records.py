"""Where the promises of products stand now: looked at afresh, with what only the watch can see from its last look."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from platform_assets.commands.existing_ledger import existing_ledger
from platform_assets.contract.product import Product
from platform_assets.contract.promises import PromiseState
from platform_assets.ledger.promises import Observation, PromiseStanding, promise_standings
from platform_assets.monitoring.watch import observe
from platform_assets.settings import Settings


class PromiseLine(msgspec.Struct, frozen=True, kw_only=True):
    """One promise. `since` is when the watch first saw it so; None where it has not seen it so yet."""

    product: str
    promise: str
    subject: str
    state: PromiseState
    since: dt.datetime | None
    value: float | None
    limit: float | None
    unit: str
    facts: Mapping[str, Any]


def promise_lines(settings: Settings, products: Sequence[Product], *, wall: dt.datetime) -> list[PromiseLine]:
    """Return where every promise of these products stands at a wall time; nothing is recorded or created."""
    ledger = existing_ledger(settings)
    if ledger is None:
        return [_never(product) for product in products]
    names = {product.name for product in products}
    stood = {_name(one): one for one in promise_standings(ledger) if one.product in names}
    seen = {_name(one): one for one in observe(settings, ledger, products, wall)}
    return [_line(seen.get(name) or stood[name], stood.get(name)) for name in sorted({*stood, *seen})]


def _name(one: Observation | PromiseStanding) -> tuple[str, str, str]:
    return one.product, one.promise, one.subject


def _line(one: Observation | PromiseStanding, stood: PromiseStanding | None) -> PromiseLine:
    return PromiseLine(
        product=one.product,
        promise=one.promise,
        subject=one.subject,
        state=one.state,
        since=stood.since if stood and stood.state == one.state else None,
        value=one.value,
        limit=one.limit,
        unit=one.unit,
        facts=one.facts,
    )


def _never(product: Product) -> PromiseLine:
    unknown = Observation(
        product=product.name,
        promise="data_age",
        state="unknown",
        limit=product.batch.freshness.max_age_hours,
        unit="hours",
        facts={"problem": "no batch was ever published"},
    )
    return _line(unknown, None)
