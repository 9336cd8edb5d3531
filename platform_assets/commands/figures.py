"""`platform figures`: the five key figures of each product, for batch and online."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from platform_assets.clock import wall_now
from platform_assets.commands.existing_ledger import existing_ledger
from platform_assets.commands.product_names import product_named
from platform_assets.commands.terminal import JsonFlag, show
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.monitoring.figures.measure import Measured


def figures(
    product: Annotated[str | None, typer.Argument(help="Name of a product; the default is all.")] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Show p95 latency, share reused, parity, drift rate and cost of 1,000 predictions; docs/cost.md explains costs."""
    from platform_assets.audit.parity.history import past_proofs
    from platform_assets.monitoring.figures.measure import measure

    settings = Settings.from_environment()
    ledger, at = existing_ledger(settings), wall_now()
    products = discover_products() if product is None else [product_named(product)]
    found = [
        measure(settings, ledger, each, proofs=past_proofs(settings, each.name), at=at)
        for each in products
        if ledger is not None
    ]
    show(found, as_json=as_json, render=lambda: _table(found))


def _table(found: "Sequence[Measured]") -> Table:
    table = Table("Product", "Mode", "Figure", "Value", "Unit", "Of", box=None, padding=(0, 1))
    for measured in found:
        for one in measured.figures:
            value = "-" if one.value is None else f"{one.value:.6g}"
            table.add_row(measured.product, one.mode, one.name, value, one.unit, one.told)
    return table
