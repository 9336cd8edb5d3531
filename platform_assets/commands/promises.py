"""`platform promises`: what each product promises, and whether it keeps it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from platform_assets.clock import wall_now
from platform_assets.commands.product_names import product_named
from platform_assets.commands.terminal import JsonFlag, finish, show
from platform_assets.contract.quantity import quantity
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.commands.promise_records import PromiseLine

_STYLES = {"kept": "green", "at_risk": "yellow", "broken": "bold red", "unknown": "dim"}


def promises(
    product: Annotated[str | None, typer.Argument(help="Name of a product; the default is all.")] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Show every promise: data, run and source age of batches, due days, refusals, snapshots, runs, SLAs, alert rules.

    Records are looked at afresh; SLAs, rules and runs are as the watch saw them last. Exit code 1: one is broken.
    """
    from platform_assets.commands.promise_records import promise_lines

    settings = Settings.from_environment()
    lines = promise_lines(
        settings, discover_products() if product is None else [product_named(product)], wall=wall_now()
    )
    show(lines, as_json=as_json, render=lambda: _table(lines))
    finish(is_ok=all(line.state != "broken" for line in lines))


def _table(lines: "Sequence[PromiseLine]") -> Table:
    table = Table(
        "Product", "Promise", "Of", "State", "Now", "Promised", "Since (UTC)", "Why", box=None, padding=(0, 1)
    )
    for line in lines:
        why = line.facts.get("problem") or line.facts.get("standing") or ""
        table.add_row(
            line.product,
            line.promise,
            escape(line.subject) or "-",
            f"[{_STYLES[line.state]}]{line.state}[/]",
            quantity(line.value, line.unit) if line.value is not None else "-",
            quantity(line.limit, line.unit) if line.limit is not None else "-",
            f"{line.since:%Y-%m-%d %H:%M}" if line.since else "-",
            escape(str(why)),
        )
    return table
