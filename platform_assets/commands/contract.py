"""`platform contract`: what consumers are promised, what would change for them, and who still reads what goes."""

from pathlib import Path
from typing import Annotated

import typer

from platform_assets.clock import wall_now
from platform_assets.commands.contract_records import (
    FILE_ENDING,
    changes_since,
    contract_of,
    key_types,
    version_uses,
    write_contract,
)
from platform_assets.commands.contract_tables import changes_table, contract_tables, uses_tables
from platform_assets.commands.product_names import product_named
from platform_assets.commands.terminal import JsonFlag, finish, say, show
from platform_assets.contract.version_readers import worst
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings

ProductArgument = Annotated[str, typer.Argument(help="Name of a product.")]
AnyProductArgument = Annotated[str | None, typer.Argument(help="Name of a product; the default is all.")]
ReleaseOption = Annotated[str | None, typer.Option("--release", help="Id of a release; the default is that in force.")]

contract = typer.Typer(
    no_args_is_help=True, help="What consumers are promised, what would change, who reads what goes."
)


@contract.command("show")
def show_contract(product: ProductArgument, *, as_json: JsonFlag = False) -> None:
    """Show the contract of the published predictions; as JSON in the words of the Open Data Contract Standard."""
    settings, declared = Settings.from_environment(), product_named(product)
    document, types = contract_of(settings, declared), key_types(settings, declared)
    show(document, as_json=as_json, render=lambda: contract_tables(declared, types, wall_now()))


@contract.command("export")
def export(
    product: AnyProductArgument = None,
    out: Annotated[Path, typer.Option("--out", help="Directory for one file per product.")] = Path(),
    *,
    as_json: JsonFlag = False,
) -> None:
    """Write contracts as YAML files of the Open Data Contract Standard, version 3.1.0."""
    settings = Settings.from_environment()
    if not out.is_dir():
        problem = f"{out} is no directory"
        raise typer.BadParameter(problem)
    products = discover_products() if product is None else [product_named(product)]
    written = [write_contract(settings, one, out / f"{one.name}{FILE_ENDING}") for one in products]
    show(written, as_json=as_json, render=lambda: "\n".join(map(str, written)))


@contract.command("diff")
def diff(product: ProductArgument, release: ReleaseOption = None, *, as_json: JsonFlag = False) -> None:
    """Show what the product file changes for readers since a release; exit code 1 where it breaks their version."""
    found = changes_since(Settings.from_environment(), product_named(product), release)
    show(found, as_json=as_json, render=lambda: changes_table(found))
    finish(is_ok=not found.problems)


@contract.command("readers")
def readers(
    product: AnyProductArgument = None,
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="How far back answers are counted.")] = 30,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Show who reads which version; exit code 1 where somebody declares one that has ended or never was."""
    products = discover_products() if product is None else [product_named(product)]
    uses = version_uses(Settings.from_environment(), products, at=wall_now(), days=days)
    show(uses, as_json=as_json, render=lambda: uses_tables(uses))
    finish(is_ok=worst(uses.declared) != "fail")


@contract.command("card")
def card(
    product: ProductArgument,
    out: Annotated[Path, typer.Option("--out", help="The file to write, HTML.")],
    release: ReleaseOption = None,
) -> None:
    """Write the model card of a release: a page that needs nothing but itself, for people to read and print."""
    from platform_assets.ledger.database import open_ledger
    from platform_assets.training.model_card import card_of
    from platform_assets.training.model_card_page import card_page

    settings = Settings.from_environment()
    found = card_of(settings, open_ledger(settings.ledger_dsn), product_named(product), release)
    out.write_text(card_page(found), encoding="utf-8")
    say(f"the card of release {found.release.release_id} is in {out}")
