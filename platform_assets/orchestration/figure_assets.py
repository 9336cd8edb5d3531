"""The key figures of all products as one daily asset, kept in a table and shown by the endpoint."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import dagster as dg

from platform_assets.contract.product import Product
from platform_assets.orchestration.run_facts import run_facts
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.contract.shown_figures import ShownValue

_DAILY = "15 6 * * *"  # after parity, replay audit and drift
_KEY = dg.AssetKey("figures")
_NAMES = ("figure", "mode", "value", "unit", "over")
_SCHEMA = dg.TableSchema(columns=[dg.TableColumn(name, "string") for name in _NAMES])


def figure_assets(settings: Settings, products: Sequence[Product]) -> list[dg.AssetsDefinition]:
    """Return the asset of the key figures."""

    @dg.asset(
        key=_KEY,
        group_name="monitoring",
        deps=["parity"],
        owners=["team:data-platform"],
        kinds={"deltalake"},
        automation_condition=dg.AutomationCondition.cron_tick_passed(_DAILY) & ~dg.AutomationCondition.in_progress(),
        description=(
            "The five key figures of each product, for batch and online: p95 latency, share reused from the cache, "
            "parity of batch and online, drift rate, cost of 1,000 predictions. A row of its table is one figure of "
            "one day; `platform figures` shows them, the endpoint at /metrics. For everybody who pays or is answerable."
        ),
    )
    def figures(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from platform_assets.audit.parity.history import past_proofs
        from platform_assets.contract.shown_figures import FIGURES_FILE
        from platform_assets.ledger.database import open_ledger
        from platform_assets.monitoring.figures.history import keep_figures
        from platform_assets.monitoring.figures.measure import measure, shown_of
        from platform_assets.monitoring.figures.shown import write_shown

        facts, ledger, metadata = run_facts(context), open_ledger(settings.ledger_dsn), {}
        values: list[ShownValue] = []
        for product in products:
            proofs = past_proofs(settings, product.name)
            measured = measure(settings, ledger, product, proofs=proofs, at=facts.at)
            keep_figures(settings, measured, at=facts.at, run_id=facts.run_id)
            values += shown_of(ledger, measured)
            records = [
                dg.TableRecord(
                    {
                        "figure": one.name,
                        "mode": one.mode,
                        "value": "-" if one.value is None else f"{one.value:.6g}",
                        "unit": one.unit,
                        "over": one.told,
                    }
                )
                for one in measured.figures
            ]
            metadata[product.name] = dg.MetadataValue.table(records, schema=_SCHEMA)
        with suppress(OSError):  # they are kept; what is shown tells how old it is
            write_shown(settings, FIGURES_FILE, values, facts.at)
        return dg.MaterializeResult(metadata=metadata)

    return [figures]
