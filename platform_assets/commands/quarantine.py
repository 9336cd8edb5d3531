"""`platform quarantine`: look at refused batches, publish exactly one of them, or drop it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from platform_assets.commands.existing_ledger import existing_ledger
from platform_assets.commands.operator import ByOption, ReasonOption, command_run, mandate_of
from platform_assets.commands.product_names import product_named
from platform_assets.commands.terminal import JsonFlag, facts_table, finish, say, show
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.batch.consumers import Consumers
    from platform_assets.batch.quarantine_decisions import ReleasedBatch
    from platform_assets.commands.quarantine_records import QuarantineDetails, QuarantineLine
    from platform_assets.ledger.decisions import Decision

IdArgument = Annotated[int, typer.Argument(metavar="ID", help="Number of a refused batch, as `list` shows it.", min=1)]
_STYLES = {"waiting": "yellow", "released": "green", "dropped": "dim"}

quarantine = typer.Typer(no_args_is_help=True, help="Look at refused batches, publish one as it is, or drop it.")


@quarantine.command("list")
def list_batches(
    product: Annotated[str | None, typer.Argument(help="Name of a product; the default is all.")] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """List the batches that guardrails refused, and what became of them."""
    from platform_assets.commands.quarantine_records import quarantine_lines

    settings = Settings.from_environment()
    name = product_named(product).name if product else None
    lines = quarantine_lines(settings, existing_ledger(settings), name)
    show(lines, as_json=as_json, render=lambda: _lines_table(lines))


@quarantine.command("show")
def show_batch(batch: IdArgument, *, as_json: JsonFlag = False) -> None:
    """Show why a batch was refused, with the numbers of each guardrail, and where it lies."""
    from platform_assets.commands.quarantine_records import quarantine_details

    settings = Settings.from_environment()
    details = quarantine_details(settings, existing_ledger(settings), batch)
    show(details, as_json=as_json, render=lambda: _details_table(details))


@quarantine.command("release")
def release_batch(batch: IdArgument, reason: ReasonOption, by: ByOption = None, *, as_json: JsonFlag = False) -> None:
    """Publish exactly this batch as a new revision of its as-of, whatever the guardrails said."""
    from platform_assets.batch.consumers import follow_publication
    from platform_assets.batch.quarantine_decisions import find_quarantined, release_quarantined
    from platform_assets.ledger.database import open_ledger

    settings = Settings.from_environment()
    ledger, mandate = open_ledger(settings.ledger_dsn), mandate_of(settings, by, reason)
    found = find_quarantined(ledger, batch)
    product = product_named(found.product)
    say(f"publishing the batch of {found.product} as of {found.as_of}")
    released = release_quarantined(settings, ledger, product, found, mandate, command_run(mandate.at))
    consumers = follow_publication(settings, ledger, product, at=mandate.at)
    told = {"released": released, "consumers": consumers}
    show(told, as_json=as_json, render=lambda: _released_table(released, consumers))
    finish(is_ok=consumers.online_problem is None)


@quarantine.command("drop")
def drop_batch(batch: IdArgument, reason: ReasonOption, by: ByOption = None, *, as_json: JsonFlag = False) -> None:
    """Decide that this batch is never published; its rows stay for 30 days, its reasons for good."""
    from platform_assets.batch.quarantine_decisions import drop_quarantined, find_quarantined
    from platform_assets.ledger.database import open_ledger

    settings = Settings.from_environment()
    ledger = open_ledger(settings.ledger_dsn)
    decision = drop_quarantined(ledger, find_quarantined(ledger, batch), mandate_of(settings, by, reason))
    show(decision, as_json=as_json, render=lambda: facts_table(_decided(decision)))


def _lines_table(lines: "Sequence[QuarantineLine]") -> Table:
    table = Table("Id", "Product", "As of", "State", "Rows", "Refused by", "When", box=None, padding=(0, 1))
    for line in lines:
        table.add_row(
            str(line.quarantine_id),
            line.product,
            line.as_of,
            f"[{_STYLES[line.state]}]{line.state}[/]",
            str(line.rows) if line.rows is not None else "gone",
            ", ".join(line.guardrails),
            line.quarantined_at.isoformat(timespec="seconds"),
        )
    return table


def _details_table(details: "QuarantineDetails") -> Table:
    line = details.line
    table = facts_table(
        {
            "batch": f"{line.quarantine_id}: {line.product} as of {line.as_of}",
            "state": line.state,
            "rows": "gone" if line.rows is None else line.rows,
            "rows published": "none for this as-of" if line.rows_published is None else line.rows_published,
            "refused": f"{line.quarantined_at.isoformat(timespec='seconds')} by run {details.run_id}",
            "digest": details.digest,
            "path": line.path,
        }
    )
    for reason in details.reasons:
        table.add_row(escape(str(reason.get("guardrail", "?"))), escape(_verdict(reason)))
    for name, value in _decided(details.decision).items():
        table.add_row(name, escape(value))
    return table


def _verdict(reason: Mapping[str, Any]) -> str:
    """Return all that a guardrail said in one line, its own name left out."""
    told = {name: value for name, value in reason.items() if name not in {"guardrail", "numbers"} and value is not None}
    return ", ".join(f"{name}: {value}" for name, value in {**told, **reason.get("numbers", {})}.items())


def _decided(decision: "Decision | None") -> dict[str, str]:
    if decision is None:
        return {}
    at = decision.decided_at.isoformat(timespec="seconds")
    return {decision.verdict: f"{at} by {decision.decided_by}: {decision.reason}"}


def _released_table(released: "ReleasedBatch", consumers: "Consumers") -> Table:
    record = released.published.record
    replaced = released.replaced
    online = {"online": f"not yet: {consumers.online_problem}"} if consumers.online_problem else {}
    return facts_table(
        {
            "published": f"{record.product} as of {record.as_of}, revision {record.revision}, {record.row_count} rows",
            "model version": record.model_version,
            "instead of": f"revision {replaced.revision}, {replaced.row_count} rows" if replaced else "nothing",
            "consumers read": f"as of {consumers.view.publication.as_of} from {consumers.view.path}",
            **online,
            **_decided(released.decision),
        }
    )
