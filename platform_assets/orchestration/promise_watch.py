"""The sensor that watches every promise and paints the graph: red where one is broken, green where it holds again.

Dagster's own freshness looks at the time of an asset's last materialization. It knows no as-of, no due day, takes a
refused batch for none at all and an asset that was never made for unknown, and shows what it finds on the asset's own
page. This one looks at the records, and reports what stands as a check of the asset that consumers read.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import dagster as dg

from platform_assets.clock import wall_now
from platform_assets.contract import names
from platform_assets.contract.product import Product
from platform_assets.contract.promises import PromiseName
from platform_assets.orchestration.failed_runs import witness_of_runs
from platform_assets.orchestration.promises import FRESHNESS_CHECK
from platform_assets.orchestration.run_outcomes import hand_made_runs, outcomes_of
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.ledger.promises import PromiseStanding
    from platform_assets.monitoring.watch import Observer, Watched

_LOOK_EVERY_S = 30
# What each asset that consumers read is painted by; `runs` belong to the asset of their mode.
_PAINTED_BY: dict[names.AssetNoun, tuple[PromiseName, ...]] = {
    "published_predictions": ("data_age", "publication_age", "source_age", "partition", "guardrails"),
    "online_snapshot": ("snapshot_age", "materialization_lag", "materialization_success"),
}
_RUNS_OF: dict[names.AssetNoun, str] = {"published_predictions": "batch", "online_snapshot": "online"}


class Verdict(NamedTuple):
    """What the check of an asset says."""

    passed: bool
    severity: dg.AssetCheckSeverity


_KEPT = Verdict(passed=True, severity=dg.AssetCheckSeverity.ERROR)


def promise_sensor(settings: Settings, products: Sequence[Product]) -> dg.SensorDefinition:
    """Return the running sensor that looks at all promises every half minute."""

    @dg.sensor(
        name="promises_watch",
        minimum_interval_seconds=_LOOK_EVERY_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            "Looks at every promise, opens and heals incidents, writes the alerts, and turns the assets that consumers "
            "read red or green."
        ),
    )
    def promises_watch(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        from platform_assets.ledger.database import open_ledger
        from platform_assets.ledger.promises import promise_standings
        from platform_assets.monitoring.watch import every_observer, watch_promises

        observers = {**every_observer(), "runs": _runs_observer(context.instance)}
        ledger = open_ledger(settings.ledger_dsn)
        witness = witness_of_runs(context.instance)
        watched = watch_promises(settings, ledger, products, wall_now(), observers=observers, witness=witness)
        _log(context, products, watched)
        events = [
            event
            for product in products
            for event in _evaluations(context.instance, product, promise_standings(ledger, product.name))
        ]
        told = f"{len(watched.changes)} promises changed, {len(watched.moves)} incidents moved"
        return dg.SensorResult(asset_events=events) if events else dg.SkipReason(told)

    return promises_watch


def verdict_of(standings: "Sequence[PromiseStanding]") -> Verdict | None:
    """Return the worst of some standings, None where nothing is known yet.

    One that cannot be told although there is a value, as with a clock that was set back, is a warning.
    """
    states = {one.state for one in standings}
    if "broken" in states:
        return Verdict(passed=False, severity=dg.AssetCheckSeverity.ERROR)
    if "at_risk" in states or any(one.state == "unknown" and one.value is not None for one in standings):
        return Verdict(passed=False, severity=dg.AssetCheckSeverity.WARN)
    return _KEPT if "kept" in states else None


def _runs_observer(instance: dg.DagsterInstance) -> "Observer":
    from platform_assets.monitoring.promises.runs import observe_runs

    hand_made = hand_made_runs(instance)
    return lambda _settings, ledger, product, _at: observe_runs(
        ledger, product, outcomes_of(instance, product, hand_made)
    )


def _evaluations(
    instance: dg.DagsterInstance, product: Product, standings: "Sequence[PromiseStanding]"
) -> Iterator[dg.AssetCheckEvaluation]:
    """Yield the check of each asset whose last result says something else than what stands now."""
    for noun, promises in _PAINTED_BY.items():
        own = [one for one in standings if one.promise in promises or _is_run_of(one, noun)]
        wanted = verdict_of(own)
        key = dg.AssetCheckKey(dg.AssetKey(names.asset_key(product.name, noun)), FRESHNESS_CHECK)
        if wanted is not None and _shown(instance, key) not in _same(wanted):
            yield _evaluation(key, wanted, own)


def _is_run_of(standing: "PromiseStanding", noun: names.AssetNoun) -> bool:
    return standing.promise == "runs" and standing.subject == _RUNS_OF[noun]


def _shown(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> Verdict | None:
    """Return the last result of a check, of a materialization or of this sensor, None before the first."""
    record = instance.get_latest_asset_check_evaluation_record(key)
    told: object = record.evaluation if record else None  # of a run that did not come so far: only that it planned to
    return Verdict(told.passed, told.severity) if isinstance(told, dg.AssetCheckEvaluation) else None


def _same(wanted: Verdict) -> Sequence[Verdict | None]:
    # What holds from the start is told by the materialization; the severity of what passed says nothing.
    if wanted.passed:
        return (None, *(Verdict(passed=True, severity=severity) for severity in dg.AssetCheckSeverity))
    return (wanted,)


def _evaluation(
    key: dg.AssetCheckKey, verdict: Verdict, standings: "Sequence[PromiseStanding]"
) -> dg.AssetCheckEvaluation:
    wrong = [one for one in standings if verdict_of([one]) not in (None, _KEPT)]
    return dg.AssetCheckEvaluation(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=verdict.passed,
        severity=verdict.severity,
        description="; ".join(map(_told, wrong)) or "every promise is kept",
        metadata={_name(one): _told(one) for one in standings},
    )


def _name(standing: "PromiseStanding") -> str:
    return f"{standing.promise} {standing.subject}".strip()


def _told(standing: "PromiseStanding") -> str:
    limit = f", promised {standing.limit:g}" if standing.limit is not None else ""
    measured = f" ({standing.value:.2f}{limit} {standing.unit})" if standing.value is not None else ""
    why = standing.facts.get("problem") or standing.facts.get("standing")
    reason = f": {why}" if why else ""
    return f"{_name(standing)} {standing.state}{measured}{reason}, since {standing.since:%Y-%m-%d %H:%M} UTC"


def _log(context: dg.SensorEvaluationContext, products: Sequence[Product], watched: "Watched") -> None:
    owners: Mapping[str, str] = {product.name: product.owner.team for product in products}
    for change in watched.changes:
        told = f"{change.product}: {change.promise} {change.subject}".strip()
        context.log.info("%s %s -> %s; owner %s", told, change.before, change.after, owners.get(change.product))
