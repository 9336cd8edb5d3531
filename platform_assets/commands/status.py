"""`platform status`: what each product has published and whether it keeps its freshness promise."""

from collections.abc import Sequence

from rich.table import Table

from platform_assets.clock import wall_now
from platform_assets.commands.product_status import ProductStatus, product_statuses
from platform_assets.commands.terminal import JsonFlag, finish, show
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings

_STYLES = {"fresh": "green", "warning": "yellow", "late": "bold red", "nothing published": "dim"}


def status(*, as_json: JsonFlag = False) -> None:
    """Show the live release, the last publication, its age and the online snapshot of every product."""
    settings = Settings.from_environment()
    statuses = product_statuses(settings, discover_products(), wall=wall_now())
    show(statuses, as_json=as_json, render=lambda: _table(statuses))
    finish(is_ok=all(told.freshness != "late" for told in statuses))


def _table(statuses: Sequence[ProductStatus]) -> Table:
    columns = ("Product", "Release", "Model", "As of", "Rows", "Age", "Promise", "Freshness", "Online snapshot")
    table = Table(*columns, box=None, padding=(0, 1))
    for told in statuses:
        table.add_row(
            told.product,
            told.release_id or "-",
            f"v{told.model_version}" if told.model_version is not None else "-",
            told.as_of or "-",
            str(told.rows) if told.rows is not None else "-",
            f"{told.age_hours:.1f} h" if told.age_hours is not None else "-",
            f"{told.max_age_hours:g} h",
            f"[{_STYLES[told.freshness]}]{told.freshness}[/]",
            told.snapshot_id or ("-" if told.is_online else "batch only"),
        )
    return table
