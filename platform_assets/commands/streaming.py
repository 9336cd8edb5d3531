"""`platform streaming`: what events have told, compared with the batch, and restored from the log of events."""

from typing import Annotated

import msgspec
import typer
from rich.table import Table

from platform_assets.clock import wall_now
from platform_assets.commands.product_names import product_named
from platform_assets.commands.terminal import JsonFlag, finish, show
from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.product import Product
from platform_assets.contract.streaming import StreamingFeatures
from platform_assets.errors import NoEventsError
from platform_assets.settings import Settings

streaming = typer.Typer(help="Streamed features: compare them with the batch, restore them.", no_args_is_help=True)
_Name = Annotated[str, typer.Argument(help="Name of a product that takes in events.")]


@streaming.command()
def rebuild(product: _Name, *, as_json: JsonFlag = False) -> None:
    """Apply the logged events again that the online store has lost; those that it has count once all the same."""
    from platform_assets.ledger.database import open_ledger
    from platform_assets.monitoring.streaming.rebuild import rebuild_states

    settings = Settings.from_environment()
    declared, streamed = _declared(product)
    found = rebuild_states(settings, open_ledger(settings.ledger_dsn), declared, streamed, at=wall_now())
    show(found, as_json=as_json, render=lambda: _table(found))


@streaming.command()
def reconcile(product: _Name, *, as_json: JsonFlag = False) -> None:
    """Compare the closed day with the batch as the nightly asset does, and let the batch have its way."""
    from platform_assets.monitoring.streaming.reconcile import reconcile as compare

    settings = Settings.from_environment()
    declared, streamed = _declared(product)
    as_of = settings.clock.now(pinned=DATASETS[declared.dataset].replay_now, wall=wall_now())
    found = compare(settings, declared, streamed, as_of=as_of)
    show(found, as_json=as_json, render=lambda: _table(found))
    finish(is_ok=found.agrees)


def _declared(name: str) -> tuple[Product, StreamingFeatures]:
    product = product_named(name)
    if product.online is None or product.online.streaming is None:
        raise NoEventsError(product=name)
    return product, product.online.streaming


def _table(found: msgspec.Struct) -> Table:
    table = Table(box=None, padding=(0, 1), show_header=False)
    for name, value in msgspec.structs.asdict(found).items():
        told = "\n".join(value) if isinstance(value, tuple) else str(value)
        table.add_row(name.replace("_", " ").capitalize(), told)
    return table
