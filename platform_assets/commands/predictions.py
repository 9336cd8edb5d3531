"""`platform predictions`: which batches were published, and taking one back from consumers."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from platform_assets.commands.existing_ledger import existing_ledger
from platform_assets.commands.operator import ByOption, ReasonOption, mandate_of
from platform_assets.commands.product_names import product_named
from platform_assets.commands.terminal import JsonFlag, facts_table, finish, say, show
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.batch.consumers import Consumers
    from platform_assets.batch.withdrawal import Withdrawal
    from platform_assets.ledger.publications import Publication

ProductArgument = Annotated[str, typer.Argument(help="Name of a product.")]

predictions = typer.Typer(no_args_is_help=True, help="List published batches, or take one back from consumers.")


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        problem = f"{text!r} is no day; write it like 2011-12-09"
        raise typer.BadParameter(problem) from None


@predictions.command("list")
def list_publications(product: ProductArgument, *, as_json: JsonFlag = False) -> None:
    """List every batch that was ever published, with its number and state."""
    settings = Settings.from_environment()
    name, ledger = product_named(product).name, existing_ledger(settings)
    found: list[Publication] = []
    if ledger is not None:
        from platform_assets.ledger.publications import publications

        found = publications(ledger, name)
    show(found, as_json=as_json, render=lambda: _publications_table(found))


@predictions.command("withdraw")
def withdraw(
    product: ProductArgument,
    as_of: Annotated[dt.date, typer.Option("--as-of", parser=_day, metavar="DAY", help="The as-of day of the batch.")],
    reason: ReasonOption,
    by: ByOption = None,
    publication: Annotated[
        int | None, typer.Option("--publication", min=1, help="Its number, where another one of that day is shown.")
    ] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Take a batch from consumers; they read the last good one before it, with its age. Nothing is deleted."""
    from platform_assets.batch.consumers import follow_publication
    from platform_assets.batch.withdrawal import withdraw as withdraw_batch
    from platform_assets.errors import AlreadyDecidedError
    from platform_assets.ledger.database import open_ledger

    settings, declared = Settings.from_environment(), product_named(product)
    ledger, mandate = open_ledger(settings.ledger_dsn), mandate_of(settings, by, reason)
    try:
        withdrawal = withdraw_batch(ledger, declared, as_of, mandate, publication_id=publication)
    except AlreadyDecidedError:
        follow_publication(settings, ledger, declared, at=mandate.at)  # whoever decided may have been killed since
        raise
    say("writing what consumers read")
    consumers = follow_publication(settings, ledger, declared, at=mandate.at)
    told = {"withdrawal": withdrawal, "consumers": consumers}
    show(told, as_json=as_json, render=lambda: _withdrawal_table(withdrawal, consumers))
    finish(is_ok=consumers.online_problem is None)


def _publications_table(found: "Sequence[Publication]") -> Table:
    columns = ("Number", "As of", "Model", "Revision", "Rows", "State", "Published", "Run")
    table = Table(*columns, box=None, padding=(0, 1))
    for one in found:
        table.add_row(
            str(one.publication_id),
            one.as_of,
            f"v{one.model_version}",
            str(one.revision),
            str(one.row_count),
            one.state,
            one.published_at.isoformat(timespec="seconds"),
            escape(one.run_id),
        )
    return table


def _withdrawal_table(withdrawal: "Withdrawal", consumers: "Consumers") -> Table:
    gone, view, made = withdrawal.gone, consumers.view, withdrawal.decision
    stale = ", stale" if view.age.is_stale else ""
    online = {"online": f"not yet: {consumers.online_problem}"} if consumers.online_problem else {}
    return facts_table(
        {
            "withdrawn": f"{gone.product} as of {gone.as_of}, model v{gone.model_version}, revision {gone.revision}",
            "consumers read": f"as of {view.publication.as_of}, {view.age.hours:.1f} h old{stale}, from {view.path}",
            **online,
            "by": f"{made.decided_by} at {made.decided_at.isoformat(timespec='seconds')}: {made.reason}",
        }
    )
