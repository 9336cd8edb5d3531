"""`platform outcomes`: how good predictions were by what came true, per release, variant and slice."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from platform_assets.commands.product_names import product_named
from platform_assets.commands.terminal import JsonFlag, show
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.monitoring.outcomes.performance import Performance


def outcomes(
    product: Annotated[str | None, typer.Argument(help="Name of a product; the default is all.")] = None,
    *,
    weeks: Annotated[bool, typer.Option("--weeks", help="Add a row per week of event time.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show how good predictions were by labels that are joined by now; docs/outcomes.md explains each figure."""
    from platform_assets.monitoring.outcomes.performance import performance

    settings = Settings.from_environment()
    products = discover_products() if product is None else [product_named(product)]
    found = [one for each in products for one in performance(settings, each, windows=weeks)]
    show(found, as_json=as_json, render=lambda: _told(found))


def _told(found: "Sequence[Performance]") -> RenderableType:
    from platform_assets.monitoring.outcomes.drawing import HEAD, cells, sampled_note

    if not found:
        return Text("No label is joined yet to anything that was predicted: materialize the outcomes of a product.")
    table = Table("Product", *(name.capitalize() for name in HEAD), "Week of", box=None, padding=(0, 1))
    for one in found:
        week = "all" if one.window_start is None else f"{one.window_start:%Y-%m-%d}"
        table.add_row(one.product, *(escape(cell) for cell in cells(one)), week)
    return Group(table, *(Text(note) for note in sampled_note(found)))
