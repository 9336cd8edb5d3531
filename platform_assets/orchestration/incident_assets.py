"""Incidents as Dagster shows them: one asset with a table of the unresolved ones, and a check per product."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from platform_assets.contract.product import Product
from platform_assets.orchestration.failed_runs import newest_failure, witness_of_runs
from platform_assets.orchestration.run_facts import run_facts
from platform_assets.settings import Settings

if TYPE_CHECKING:
    # What define_asset_job returns; Dagster does not export its name.
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

    from platform_assets.ledger.database import Ledger
    from platform_assets.ledger.incidents import Incident

INCIDENT_JOB = "refresh_incidents"
_KEY = dg.AssetKey("incidents")
_LOOK_EVERY_S = 60
_NAMES = ("incident", "product", "severity", "state", "since", "what", "probable_cause", "owner")
_SCHEMA = dg.TableSchema(columns=[dg.TableColumn(name, "string") for name in _NAMES])


def incident_check(product: str) -> str:
    """Return the name of the check that is red while a product has a severe incident that nobody resolved."""
    return f"no_incident_of_{product}"


def incident_assets(settings: Settings, products: Sequence[Product]) -> list[dg.AssetsDefinition]:
    """Return the asset that shows the unresolved incidents of all products."""

    @dg.asset(
        key=_KEY,
        group_name="monitoring",
        owners=["team:data-platform"],
        kinds={"sqlalchemy"},
        check_specs=[
            dg.AssetCheckSpec(
                incident_check(product.name),
                asset=_KEY,
                description=f"{product.title}: no severe incident is unresolved; one that is major warns.",
            )
            for product in products
        ],
        description=(
            "Every broken promise that nobody has resolved yet: severity from who is hurt, owner, what consumers get "
            "meanwhile and the probable cause. Refreshed when something happened to one, or a run failed; worked on "
            "with `platform incidents`."
        ),
    )
    def incidents_(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from platform_assets.ledger.database import open_ledger
        from platform_assets.ledger.incidents import incidents
        from platform_assets.registry.promotion_holds import show_holds

        ledger, at = open_ledger(settings.ledger_dsn), run_facts(context).at
        for product in products:
            _tell_of_failed_runs(context.instance, ledger, product, at)
        # Whoever moves traffic without the ledger learns of due dates and waivers here too.
        show_holds(settings, ledger, [product.name for product in products])
        found = incidents(ledger)
        return dg.MaterializeResult(
            metadata=_metadata(ledger, found, at),
            check_results=[_check(product.name, found) for product in products],
        )

    return [incidents_]


def incident_job() -> "UnresolvedAssetJobDefinition":
    """Return the job that refreshes what is shown of incidents."""
    return dg.define_asset_job(
        INCIDENT_JOB, selection=dg.AssetSelection.assets(_KEY), description="Show how incidents stand now."
    )


def incident_sensor(settings: Settings) -> dg.SensorDefinition:
    """Return the sensor that refreshes the asset when something happened to an incident, or another run failed."""

    @dg.sensor(
        name="incidents_watch",
        job_name=INCIDENT_JOB,
        minimum_interval_seconds=_LOOK_EVERY_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="When something happened to an incident or a run failed, shows how incidents stand.",
    )
    def incidents_watch(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        from platform_assets.ledger.database import open_ledger
        from platform_assets.ledger.incidents import newest_entry

        # What the refresh itself adds asks for no other one.
        entry = newest_entry(open_ledger(settings.ledger_dsn), without=("event", "cause_drafted"))
        here = f"{entry} {newest_failure(context.instance, but=INCIDENT_JOB):.3f}"
        if context.cursor == here:
            return dg.SkipReason("nothing happened to an incident")
        return dg.SensorResult(run_requests=[dg.RunRequest()], cursor=here)

    return incidents_watch


def _tell_of_failed_runs(instance: dg.DagsterInstance, ledger: "Ledger", product: Product, at: dt.datetime) -> None:
    from platform_assets.ledger.incidents import incidents
    from platform_assets.monitoring.incidents.draft import record_draft
    from platform_assets.monitoring.incidents.happened import record_witnessed

    for incident in incidents(ledger, product.name):
        if record_witnessed(ledger, product, incident, witness_of_runs(instance)):
            record_draft(ledger, product, incident, at)


def _metadata(ledger: "Ledger", found: "Sequence[Incident]", at: dt.datetime) -> dict[str, int | dg.MetadataValue]:
    from platform_assets.ledger.incident_actions import actions

    return {
        "unresolved": len(found),
        "severe": sum(one.severity == "severe" for one in found),
        "broken_now": sum(one.is_broken for one in found),
        "actions_overdue": sum(one.is_overdue(at) for one in actions(ledger, undone_only=True)),
        "incidents": dg.MetadataValue.table([_record(ledger, one) for one in found], schema=_SCHEMA),
    }


def _record(ledger: "Ledger", one: "Incident") -> dg.TableRecord:
    from platform_assets.monitoring.incidents.draft import probable_cause

    cause = one.root_cause or probable_cause(ledger, one.incident_id) or "-"
    since = one.opened_at.isoformat(timespec="seconds")
    told = (str(one.incident_id), one.product, one.severity, one.state, since, one.title, cause, one.owner)
    return dg.TableRecord(dict(zip(_NAMES, told, strict=True)))


def _check(product: str, found: "Sequence[Incident]") -> dg.AssetCheckResult:
    serious = [one for one in found if one.product == product and one.severity != "minor"]
    is_severe = any(one.severity == "severe" for one in serious)
    return dg.AssetCheckResult(
        check_name=incident_check(product),
        passed=not serious,
        severity=dg.AssetCheckSeverity.ERROR if is_severe else dg.AssetCheckSeverity.WARN,
        description="; ".join(f"{one.incident_id} ({one.severity}, {one.state}): {one.title}" for one in serious),
        metadata={"unresolved": len(serious)},
    )
