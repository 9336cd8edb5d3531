"""Counts what an endpoint did for a product: answers, fast answers, failures, and whether it was there when probed."""

import datetime as dt

from platform_assets.contract.online import Online
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.sla_counts import Objected, Units, add_units, growth, last_reading
from platform_assets.monitoring.slas.endpoint import Away, ProductSeen, Seen

# Two who probe at once, or a watch that was asked again, are one probe.
PROBED_EVERY = dt.timedelta(seconds=10)


def count_online(ledger: Ledger, product: str, online: Online, seen: Seen | Away, at: dt.datetime) -> None:
    """Add what is new since the last look, in one transaction; an endpoint that is away fails one probe.

    It is away only once it has been there: a platform that never started an endpoint breaks no promise of it.
    """
    with ledger.transaction():
        if isinstance(seen, Away):
            if last_reading(ledger, _requests(product)) is not None:
                _count_probe(ledger, product, at, is_good=False)
            return
        found = seen.of(product)
        if found.is_answering is None:
            return
        _count_probe(ledger, product, at, is_good=found.is_answering)
        _count_requests(ledger, product, online, found, seen.at)


def _count_probe(ledger: Ledger, product: str, at: dt.datetime, *, is_good: bool) -> None:
    last = last_reading(ledger, _probes(product))
    if last is not None and dt.timedelta(0) <= at - last[0] < PROBED_EVERY:
        return
    probes = (last[1]["probes"] if last else 0.0) + 1.0
    if growth(ledger, _probes(product), {"probes": probes}, at)["probes"]:
        add_units(ledger, Objected(product, "online", "availability"), Units(float(is_good), 1.0), at)


def _count_requests(ledger: Ledger, product: str, online: Online, found: ProductSeen, at: dt.datetime) -> None:
    # Every bound is kept, so that a declaration that moves its own begins no count anew.
    bounds = {f"within {bound:g} s": count for bound, count in found.within.items()}
    grown = growth(ledger, _requests(product), {"answered": found.answered, "failed": found.failed, **bounds}, at)
    answered, failed = grown["answered"], grown["failed"]
    bound = found.bound_within(online.latency_p95_ms)
    fast = grown[f"within {bound:g} s"] if bound is not None else 0.0
    add_units(ledger, Objected(product, "online", "latency"), Units(fast, answered), at)
    add_units(ledger, Objected(product, "online", "error_rate"), Units(answered, answered + failed), at)


def _requests(product: str) -> str:
    return f"requests of {product}"


def _probes(product: str) -> str:
    return f"probes of {product}"
