"""Holds every declared rule against what the endpoint and the prediction log say of a product."""

import datetime as dt
from collections.abc import Iterator, Sequence

from platform_assets.contract.alert_rules import ALERT_RULES, AlertRule
from platform_assets.contract.online import Online
from platform_assets.contract.product import Product
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.release import Release, read_release
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.promises import Observation, promise_standings
from platform_assets.monitoring.rules.concept_measures import truth_gap
from platform_assets.monitoring.rules.endpoint_measures import out_of_memory, slow_answers, variant_errors
from platform_assets.monitoring.rules.finding import Measured, observation_of
from platform_assets.monitoring.rules.log_measures import (
    Logged,
    feature_shift,
    feature_spread,
    read_logged,
    score_shift,
)
from platform_assets.monitoring.rules.outcome_measures import accuracy_drop
from platform_assets.monitoring.slas.endpoint import Look, Seen, look_at_endpoint
from platform_assets.settings import Settings

# The log grows by drains, and a shift over days needs no second look within minutes.
LOG_READ_EVERY = dt.timedelta(minutes=15)
_FROM_LOG = frozenset({"accuracy_drop", "truth_gap", "feature_shift", "feature_spread", "score_shift"})


def observe_rules(
    settings: Settings,
    ledger: Ledger,
    product: Product,
    at: dt.datetime,
    *,
    rules: Sequence[AlertRule] = ALERT_RULES,
    look: Look = look_at_endpoint,
) -> list[Observation]:
    """Return what the rules find that can be judged now; nothing for a product that is not served.

    A rule that has nothing new to judge is left out and stands as it stood, as do those of an endpoint that is away:
    the promise of availability tells that. Raises LedgerUnavailableError, and BundleError for a damaged release.
    """
    live = read_live(settings.releases_dir, product.name)
    if product.online is None or live is None:
        return []
    release = read_release(settings.releases_dir, product.name, live.release_id)
    seen = look(settings, at)
    found = [*_from_log(settings, ledger, product, release, rules, at)]
    if isinstance(seen, Seen):
        found += _from_endpoint(ledger, product.name, product.online, rules, seen)
    return found


def _from_endpoint(
    ledger: Ledger, product: str, online: Online, rules: Sequence[AlertRule], seen: Seen
) -> Iterator[Observation]:
    for rule in rules:
        measured: Measured | None = None
        match rule.measure:
            case "latency_p99":
                measured = slow_answers(ledger, product, rule, seen)
            case "variant_errors":
                measured = variant_errors(ledger, product, rule, seen, allowed_share=_allowed_errors(online))
            case "out_of_memory":
                measured = out_of_memory(ledger, product, rule, seen)
            case _:
                continue
        if measured is not None:
            yield observation_of(product, rule, measured)


def _allowed_errors(online: Online) -> float:
    """Return the share of errors that the SLA allows, which a release in force is never held to be better than."""
    shares = (1.0 - one.target_ratio for one in online.sla.objectives if one.measure == "error_rate")
    return next(shares, 0.001)


def _from_log(
    settings: Settings,
    ledger: Ledger,
    product: Product,
    release: Release,
    rules: Sequence[AlertRule],
    at: dt.datetime,
) -> Iterator[Observation]:
    looked = {one.promise: one.checked_at for one in promise_standings(ledger, product.name)}
    read: dict[int, Logged] = {}
    for rule in rules:
        last = looked.get(f"rule_{rule.name}")
        if rule.measure not in _FROM_LOG or (last is not None and dt.timedelta(0) <= at - last < LOG_READ_EVERY):
            continue
        if rule.measure == "accuracy_drop":
            yield observation_of(product.name, rule, accuracy_drop(settings, product, release, rule, at=at))
            continue
        if rule.measure == "truth_gap":
            yield observation_of(product.name, rule, truth_gap(settings, product, release, rule, at=at))
            continue
        days = rule.over_days
        logged = read.get(days) or read.setdefault(days, read_logged(settings, product, release, days=days, at=at))
        if rule.measure == "score_shift":
            yield observation_of(product.name, rule, score_shift(settings, release, rule, logged))
        else:
            measure = feature_spread if rule.measure == "feature_spread" else feature_shift
            yield observation_of(product.name, rule, measure(settings, ledger, product, release, rule, logged))
