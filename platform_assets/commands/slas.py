"""`platform slas`: what each mode of a product is held to, by whom, and what is left of its error budget."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from platform_assets.clock import wall_now
from platform_assets.commands.existing_ledger import existing_ledger
from platform_assets.commands.product_names import product_named
from platform_assets.commands.sla_records import SlaLine, sla_lines
from platform_assets.commands.terminal import JsonFlag, finish, show
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings

_STYLES = {"kept": "green", "at_risk": "yellow", "broken": "bold red", "unknown": "dim"}


def slas(
    product: Annotated[str | None, typer.Argument(help="Name of a product; the default is all.")] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Show owner, objective, window, value, error budget and burn rates per product and mode; docs/slas.md explains."""
    settings = Settings.from_environment()
    products = discover_products() if product is None else [product_named(product)]
    lines = sla_lines(existing_ledger(settings), products, wall_now())
    show(lines, as_json=as_json, render=lambda: _table(lines))
    finish(is_ok=all(line.state != "broken" for line in lines))


def _table(lines: Sequence[SlaLine]) -> Table:
    columns = ("Product", "Mode", "Measure", "Owner", "Objective", "Value", "Units", "Budget left", "Burn 1h/6h/72h")
    table = Table(*columns, "State", box=None, padding=(0, 1))
    for line in lines:
        is_known = line.value is not None
        table.add_row(
            line.product,
            line.mode,
            line.measure,
            line.owner,
            f"{line.target_ratio:.4g} over {line.window_days} d",
            f"{line.value:.5f}" if is_known else "-",
            f"{line.total:,.0f}",
            f"{line.budget_left:.0%}" if is_known else "-",
            " / ".join(f"{rate:.1f}" for rate in line.burn.values()) if is_known else "-",
            f"[{_STYLES[line.state]}]{line.state}[/]",
        )
    return table
