"""What a running endpoint did and used for each product, by day: summed from the growth of its counters.

Every look of the promise watch adds what is new since the last one to the sums of the day. A restart begins the
counters anew and loses nothing that was seen; what the endpoint did between the last look and its end, half a minute
at most, is not counted.
"""

import datetime as dt
from collections.abc import Sequence

import msgspec

from platform_assets.contract.product import Product
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.promises import Observation
from platform_assets.ledger.sla_counts import growth, keep_reading, last_reading
from platform_assets.monitoring.cost.use import Use
from platform_assets.monitoring.slas.endpoint import Away, Look, Seen, look_at_endpoint
from platform_assets.settings import Settings

_WITHIN = "within "


class OnlineDay(msgspec.Struct, frozen=True, kw_only=True):
    """What the endpoint did for one product on one day, in UTC.

    `busy_seconds` are those for which its calls kept workers; `within` counts answered requests by the seconds that
    they took at most; of `looked_up` rows `reused` needed no new score.
    """

    day: dt.date
    predictions: float = 0.0
    answered: float = 0.0
    cpu_seconds: float = 0.0
    busy_seconds: float = 0.0
    memory_byte_seconds: float = 0.0
    gpu_seconds: float = 0.0
    score_seconds: float = 0.0
    looked_up: float = 0.0
    reused: float = 0.0
    within: dict[float, float] = {}

    @property
    def use(self) -> Use:
        """The share of the machine that the product had: for the time in which it kept a worker busy."""
        return Use(
            cpu_seconds=self.cpu_seconds,
            memory_byte_seconds=self.memory_byte_seconds,
            gpu_seconds=self.gpu_seconds,
        )


def observe_use(
    settings: Settings, ledger: Ledger, product: Product, at: dt.datetime, *, look: Look = look_at_endpoint
) -> Sequence[Observation]:
    """Add what the endpoint did since the last look to the day; it is counted and promises nothing."""
    seen = look(settings, at) if product.online is not None else Away("it is not served")
    if isinstance(seen, Seen):
        count_use(ledger, product.name, seen)
    return ()


def count_use(ledger: Ledger, product: str, seen: Seen) -> None:
    """Add the growth of the counters of a product, once, however many look at the same time."""
    found = seen.of(product)
    counters = {
        "predictions": found.predictions,
        "answered": found.answered,
        "cpu_seconds": found.cpu_seconds,
        "busy_seconds": found.busy_seconds,
        "score_seconds": found.score_seconds,
        "looked_up": found.looked_up,
        "reused": found.reused,
        **{f"{_WITHIN}{bound:g}": count for bound, count in found.within.items()},
    }
    with ledger.transaction():
        grown = growth(ledger, f"use of {product}", counters, seen.at)
        grown["memory_byte_seconds"] = seen.memory_bytes / max(seen.workers, 1.0) * grown["busy_seconds"]
        grown["gpu_seconds"] = seen.gpus * grown["busy_seconds"]
        if any(grown.values()):
            source = _source(product, seen.at.astimezone(dt.UTC).date())
            last = last_reading(ledger, source)
            sums = dict(last[1]) if last else {}
            keep_reading(ledger, source, _added(sums, grown), seen.at)


def online_day(ledger: Ledger, product: str, day: dt.date) -> OnlineDay | None:
    """Return what was counted of a product on a day, None where nothing was."""
    found = last_reading(ledger, _source(product, day))
    if found is None:
        return None
    sums = found[1]
    within = {float(name.removeprefix(_WITHIN)): value for name, value in sums.items() if name.startswith(_WITHIN)}
    plain = {name: value for name, value in sums.items() if name in OnlineDay.__struct_fields__}
    return OnlineDay(day=day, within=within, **plain)


def newest_day(ledger: Ledger, product: str, at: dt.datetime, *, back: int = 31) -> OnlineDay | None:
    """Return the newest day with predictions within so many days, the one that still runs included."""
    today = at.astimezone(dt.UTC).date()
    for days in range(back):
        found = online_day(ledger, product, today - dt.timedelta(days=days))
        if found is not None and found.answered:
            return found
    return None


def _added(sums: dict[str, float], grown: dict[str, float]) -> dict[str, float]:
    return {name: sums.get(name, 0.0) + grown.get(name, 0.0) for name in {*sums, *grown}}


def _source(product: str, day: dt.date) -> str:
    return f"use of {product} on {day.isoformat()}"
