"""Measures that follow from the counters of a running endpoint, over the stretch since they were judged last.

What was read is kept in the ledger, so that a stretch has enough answers to be judged, however often somebody looks and
whoever is started anew in between. None: there is nothing new to judge yet.
"""

import datetime as dt
from collections.abc import Mapping

from platform_assets.clock import from_epoch
from platform_assets.contract.alert_rules import AlertRule
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.sla_counts import keep_reading, last_reading
from platform_assets.monitoring.rules.finding import Measured
from platform_assets.monitoring.slas.endpoint import RoleRequests, Seen

# A stretch without enough answers for so long is given up: what it says is no more about now.
STALE_AFTER = dt.timedelta(minutes=10)
_P99 = 0.99
_MS = 1000.0
_LEAST_ERRORS = 3.0
_ON_TRIAL = ("candidate", "treatment")
_SINCE = "over_since"


def slow_answers(ledger: Ledger, product: str, rule: AlertRule, seen: Seen) -> Measured | None:
    """Return the 99th percentile of the answers of a stretch; it is over once it has been for `for_minutes`."""
    found, source = seen.of(product), f"rule {rule.name} of {product}"
    counters = {"answered": found.answered, **{f"{bound:g}": count for bound, count in found.within.items()}}
    with ledger.transaction():
        grown = _stretch(ledger, source, counters, seen.at, least=rule.minimum, of=("answered",))
        if not isinstance(grown, dict):
            return grown
        value = quantile_ms({float(bound): grown[f"{bound:g}"] for bound in found.within}, grown["answered"], _P99)
        since = _over_since(ledger, source, seen.at) if value > rule.above else None
        keep_reading(ledger, source, counters if since is None else {**counters, _SINCE: since.timestamp()}, seen.at)
    told = f"p99 {value:.0f} ms over {grown['answered']:.0f} answers"
    if since is None:
        return Measured(told=told, value=value)
    minutes = (seen.at - since) / dt.timedelta(minutes=1)
    return Measured(told=f"{told}, for {minutes:.0f} minutes", value=value, is_pending=minutes < rule.for_minutes)


def variant_errors(
    ledger: Ledger, product: str, rule: AlertRule, seen: Seen, *, allowed_share: float
) -> Measured | None:
    """Return how many times as many answers of a release on trial failed as of the one in force.

    A release in force that fails less often than allowed counts as one that fails as often as that, and a few errors
    are none.
    """
    found, source = seen.of(product), f"rule {rule.name} of {product}"
    tried = [found.roles[role] for role in _ON_TRIAL if role in found.roles]
    if not tried:
        return Measured(told="no release is on trial")
    control = found.roles.get("control", RoleRequests())
    counters = {
        "tried": sum(one.answers for one in tried),
        "tried_failed": sum(one.failed for one in tried),
        "control": control.answers,
        "control_failed": control.failed,
    }
    with ledger.transaction():
        grown = _stretch(ledger, source, counters, seen.at, least=rule.minimum, of=("tried", "control"))
        if not isinstance(grown, dict):
            return grown
        keep_reading(ledger, source, counters, seen.at)
    share, other = grown["tried_failed"] / grown["tried"], grown["control_failed"] / grown["control"]
    ratio = share / max(other, allowed_share)
    told = f"{share:.2%} of the answers of the release on trial failed, {other:.2%} of the one in force"
    is_over = ratio > rule.above and grown["tried_failed"] >= _LEAST_ERRORS
    return Measured(told=told, value=ratio, is_over=is_over)


def out_of_memory(ledger: Ledger, product: str, rule: AlertRule, seen: Seen) -> Measured:
    """Return how often an engine ran out of memory lately; an event is told of for `for_minutes`."""
    if not seen.has_gpu:
        return Measured(told="the endpoint has no GPU")
    count, source = seen.of(product).out_of_memory, f"rule {rule.name} of {product}"
    with ledger.transaction():
        last = last_reading(ledger, source)
        before = last[1]["count"] if last else 0.0
        grown = count - (before if count >= before else 0.0)
        at = seen.at.timestamp() if grown else (last[1].get("at", 0.0) if last else 0.0)
        keep_reading(ledger, source, {"count": count, "at": at}, seen.at)
    is_recent = seen.at - from_epoch(at) <= dt.timedelta(minutes=rule.for_minutes)
    return Measured(told=f"{count:g} times since the endpoint began", value=count, is_over=bool(at) and is_recent)


def quantile_ms(within: Mapping[float, float], total: float, share: float) -> float:
    """Return a quantile in ms from counts by upper bound in seconds, linear within a bucket; at most the last bound."""
    wanted, low, before = share * total, 0.0, 0.0
    for bound, count in sorted(within.items()):
        if count >= wanted:
            part = (wanted - before) / (count - before) if count > before else 0.0
            return (low + (bound - low) * part) * _MS
        low, before = bound, count
    return low * _MS


def _stretch(
    ledger: Ledger, source: str, counters: Mapping[str, float], at: dt.datetime, *, least: int, of: tuple[str, ...]
) -> dict[str, float] | Measured | None:
    """Return by how much counters grew since they were judged last.

    None while too few are new. Where that has been so for too long the stretch is given up: so few are no alarm, and at
    the first look of all nothing is known.
    """
    last = last_reading(ledger, source)
    before = {name: value for name, value in last[1].items() if name != _SINCE} if last else {}
    if any(counters.get(name, 0.0) < value for name, value in before.items()):
        before = {}  # the endpoint began anew
    grown = {name: value - before.get(name, 0.0) for name, value in counters.items()}
    if all(grown[name] >= least for name in of):
        return grown
    if last is not None and abs(at - last[0]) <= STALE_AFTER:
        return None
    keep_reading(ledger, source, counters, at)
    return Measured(told=f"fewer than {least} answers to judge by", is_over=None if last is None else False)


def _over_since(ledger: Ledger, source: str, at: dt.datetime) -> dt.datetime:
    """Return since when it has been over its level: since the beginning of the first such stretch."""
    last = last_reading(ledger, source)
    if last is None:
        return at
    since = last[1].get(_SINCE)
    return last[0] if since is None else from_epoch(since)
