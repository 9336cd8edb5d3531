"""`platform explain <product>`: everything that one product file yields."""

from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from platform_assets.commands.explanation import Explanation, explain_product
from platform_assets.commands.product_names import product_named
from platform_assets.commands.terminal import JsonFlag, show
from platform_assets.settings import Settings


def explain(product: Annotated[str, typer.Argument(help="Name of a product.")], *, as_json: JsonFlag = False) -> None:
    """Show every name, promise and meaning that the platform derives from a product file."""
    told = explain_product(product_named(product), Settings.from_environment())
    show(told, as_json=as_json, render=lambda: _render(told))


def _render(told: Explanation) -> RenderableType:
    return Group(*(_section(title, facts) for title, facts in told.items()))


def _section(title: str, facts: dict[str, object]) -> Table:
    table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2), title_style="bold")
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        text = "\n".join(str(part) for part in value) if isinstance(value, list | tuple) else str(value)
        table.add_row(name, escape(text))
    table.add_row("", "")
    return table
