"""Looks at every objective of a product: counts what is new, and tells where its error budgets stand."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from platform_assets.contract.product import Product
from platform_assets.inference.live_pointer import read_live
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.promises import Observation
from platform_assets.ledger.sla_counts import Objected, Units, first_hour, units_since
from platform_assets.monitoring.slas.budget import Budget, judge
from platform_assets.monitoring.slas.coverage import count_coverage
from platform_assets.monitoring.slas.endpoint import Away, Look, Seen, look_at_endpoint
from platform_assets.monitoring.slas.freshness import AGE_OF, Freshness, keep_first_age
from platform_assets.monitoring.slas.held import Held, held
from platform_assets.monitoring.slas.online_counts import count_online
from platform_assets.settings import Settings


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One objective and its error budget at an instant."""

    held: Held
    budget: Budget


def observe_slas(
    settings: Settings, ledger: Ledger, product: Product, at: dt.datetime, *, look: Look = look_at_endpoint
) -> list[Observation]:
    """Ask the endpoint, count what is new since the last look, and return one observation per objective.

    Raises LedgerUnavailableError; an endpoint that is away is counted as that.
    """
    is_served = product.online is not None and read_live(settings.releases_dir, product.name) is not None
    count_units(ledger, product, look(settings, at) if is_served else None, at)
    return [observation_of(one) for one in sla_standings(ledger, product, at)]


def count_units(ledger: Ledger, product: Product, seen: Seen | Away | None, at: dt.datetime) -> None:
    """Count what a look at the endpoint and the records of publications tell anew; None: nobody looked."""
    count_coverage(ledger, product.name)
    for mode in AGE_OF:
        keep_first_age(ledger, product.name, mode)
    if product.online is not None and seen is not None:
        count_online(ledger, product.name, product.online, seen, at)


def sla_standings(ledger: Ledger | None, product: Product, at: dt.datetime) -> Sequence[Standing]:
    """Return where each objective of a product stands at an instant, from what is counted; without a ledger nothing."""
    return [Standing(held=one, budget=_budget(ledger, one, at)) for one in held(product)]


def observation_of(standing: Standing) -> Observation:
    """Return a standing as an observation of the promise `sla_<measure>` of its mode."""
    one, budget = standing.held, standing.budget
    return Observation(
        product=one.product,
        promise=one.promise,
        subject=one.mode,
        state=budget.state,
        value=budget.value,
        limit=one.objective.target_ratio,
        unit="share of good units",
        facts={
            "told": budget.told,
            "owner": one.owner.team,
            "window_days": one.sla.window_days,
            "good": budget.units.good,
            "total": budget.units.total,
            "budget_units": budget.budget,
            "budget_left": budget.left,
            "burn": budget.burn,
        },
    )


def _budget(ledger: Ledger | None, one: Held, at: dt.datetime) -> Budget:
    days = one.sla.window_days
    if ledger is None:
        return judge(one.objective, lambda _since, _until: Units(), first=None, window_days=days, at=at)
    if one.objective.measure == "freshness":
        freshness = Freshness(ledger, one.product, one.mode)
        return judge(one.objective, freshness.units, first=freshness.first, window_days=days, at=at)
    what = Objected(one.product, one.mode, one.objective.measure)
    first = first_hour(ledger, what, at - dt.timedelta(days=days))
    return judge(
        one.objective,
        lambda since, until: units_since(ledger, what, since, until),
        first=first,
        window_days=days,
        at=at,
    )
