"""`platform retraining`: look at requests for a new model, ask for one, take one back."""

from typing import TYPE_CHECKING, Annotated

import typer

from platform_assets.clock import wall_now
from platform_assets.commands.existing_ledger import existing_ledger
from platform_assets.commands.operator import ByOption, ReasonOption, mandate_of
from platform_assets.commands.product_names import product_named
from platform_assets.commands.terminal import JsonFlag, show
from platform_assets.errors import UnknownRecordError
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from platform_assets.ledger.retraining import RetrainingRequest

IdArgument = Annotated[int, typer.Argument(metavar="ID", help="Number of a request, as `list` shows it.", min=1)]
ProductArgument = Annotated[str, typer.Argument(help="Name of a product.")]

retraining = typer.Typer(no_args_is_help=True, help="Look at requests for a new model, ask for one, take one back.")


@retraining.command("list")
def list_requests(
    product: Annotated[str | None, typer.Argument(help="Name of a product; the default is all.")] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """List the products with what is asked for or holds it back now, and every request with what became of it."""
    from platform_assets.commands.retraining_records import retraining_overview

    settings = Settings.from_environment()
    products = [product_named(product)] if product else discover_products()
    overview = retraining_overview(settings, existing_ledger(settings), products, wall_now())

    def render() -> "Group":
        from platform_assets.commands.retraining_tables import overview_table

        return overview_table(overview)

    show(overview, as_json=as_json, render=render)


@retraining.command("show")
def show_request(request: IdArgument, *, as_json: JsonFlag = False) -> None:
    """Show one request: why, on which evidence, up to which cut-off, and every step since."""
    ledger = existing_ledger(Settings.from_environment())
    if ledger is None:
        raise UnknownRecordError(kind="retraining request", key=str(request), remedy="none was ever made here")
    from platform_assets.ledger.retraining import get_request

    _show(get_request(ledger, request), as_json=as_json)


@retraining.command("request")
def request_model(
    product: ProductArgument, reason: ReasonOption, by: ByOption = None, *, as_json: JsonFlag = False
) -> None:
    """Ask for a new model on newer data; cooldown and counts do not hold a person, gates judge it as any other."""
    from platform_assets.ledger.database import open_ledger
    from platform_assets.orchestration.retraining_request import request_by_hand

    settings = Settings.from_environment()
    mandate = mandate_of(settings, by, reason)
    made = request_by_hand(settings, open_ledger(settings.ledger_dsn), product_named(product), mandate)
    _show(made, as_json=as_json)


@retraining.command("withdraw")
def withdraw_request(
    request: IdArgument, reason: ReasonOption, by: ByOption = None, *, as_json: JsonFlag = False
) -> None:
    """Take a request back: a run that is at work for it releases nothing."""
    from platform_assets.ledger.database import open_ledger
    from platform_assets.monitoring.retraining.records import withdraw

    settings = Settings.from_environment()
    _show(withdraw(open_ledger(settings.ledger_dsn), request, mandate_of(settings, by, reason)), as_json=as_json)


def _show(request: "RetrainingRequest", *, as_json: bool) -> None:
    def render() -> "Table":
        from platform_assets.commands.retraining_tables import request_table

        return request_table(request)

    show(request, as_json=as_json, render=render)
