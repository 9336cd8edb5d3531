"""`platform releases`: look at releases and their history, approve or reject a version, go back."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from platform_assets.commands.existing_ledger import existing_ledger
from platform_assets.commands.operator import ByOption, ReasonOption, command_run, mandate_of
from platform_assets.commands.product_names import product_named
from platform_assets.commands.release_records import (
    PointerChange,
    ReleaseDetails,
    ReleaseLine,
    pointer_changes,
    release_details,
    release_lines,
)
from platform_assets.commands.rollback import rollback
from platform_assets.commands.terminal import JsonFlag, facts_table, say, show
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.ledger.decisions import Decision
    from platform_assets.registry.model_record import ModelRecord
    from platform_assets.training.approval import Approval

ProductArgument = Annotated[str, typer.Argument(help="Name of a product.")]
VersionOption = Annotated[int, typer.Option("--version", min=1, help="The model version that is decided about.")]

releases = typer.Typer(no_args_is_help=True, help="Look at releases, approve or reject a version, go back.")
releases.command()(rollback)


@releases.command("list")
def list_releases(
    product: Annotated[str | None, typer.Argument(help="Name of a product; the default is all.")] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """List the releases, oldest first, and mark those in force."""
    settings = Settings.from_environment()
    products = discover_products() if product is None else [product_named(product)]
    lines = release_lines(settings, existing_ledger(settings), products)
    show(lines, as_json=as_json, render=lambda: _lines_table(lines))


@releases.command("show")
def show_release(
    release: Annotated[str, typer.Argument(help="Id of a release, as `list` shows it.")], *, as_json: JsonFlag = False
) -> None:
    """Show one release: its content, when it came into force and went, and what people decided about its version."""
    settings = Settings.from_environment()
    details = release_details(settings, existing_ledger(settings), release)
    show(details, as_json=as_json, render=lambda: _details_table(details))


@releases.command("history")
def history(product: ProductArgument, *, as_json: JsonFlag = False) -> None:
    """Show every move of the live pointer: when, by whom and why."""
    settings = Settings.from_environment()
    changes = pointer_changes(existing_ledger(settings), product_named(product).name)
    show(changes, as_json=as_json, render=lambda: _changes_table(changes))


@releases.command("approve")
def approve(
    product: ProductArgument,
    version: VersionOption,
    reason: ReasonOption,
    by: ByOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Put a model version in force or on its way there on your word; its gates must hold all the same."""
    from platform_assets.ledger.database import open_ledger
    from platform_assets.training.approval import approve_version

    settings, declared = Settings.from_environment(), product_named(product)
    mandate = mandate_of(settings, by, reason)
    say(f"approving version {version} of {product}")
    ledger = open_ledger(settings.ledger_dsn)
    approval = approve_version(settings, ledger, declared, version, command_run(mandate.at), mandate)
    show(approval, as_json=as_json, render=lambda: _approval_table(approval))


@releases.command("reject")
def reject(
    product: ProductArgument,
    version: VersionOption,
    reason: ReasonOption,
    by: ByOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Let a model version never come into force; that stays."""
    from platform_assets.ledger.database import open_ledger
    from platform_assets.training.approval import reject_version

    settings, declared = Settings.from_environment(), product_named(product)
    ledger = open_ledger(settings.ledger_dsn)
    decision = reject_version(settings, ledger, declared, version, mandate_of(settings, by, reason))
    show(decision, as_json=as_json, render=lambda: _decisions_table([decision]))


def _lines_table(lines: Sequence[ReleaseLine]) -> Table:
    table = Table("Product", "Release", "Model", "In force", "Bundle", "Made", "By", "Why", box=None, padding=(0, 1))
    for line in lines:
        table.add_row(
            line.product,
            line.release_id,
            f"v{line.model_version}",
            "[green]yes[/]" if line.is_in_force else "-",
            "there" if line.has_bundle else "[bold red]gone[/]",
            line.created_at.isoformat(timespec="seconds"),
            escape(line.created_by),
            escape(line.reason),
        )
    return table


def _details_table(details: ReleaseDetails) -> Table:
    line, release = details.line, details.document
    table = facts_table(
        {
            "release": line.release_id,
            "product": line.product,
            "model version": line.model_version,
            "in force": "yes" if line.is_in_force else "no",
            "bundle": f"{details.bundle} ({'there' if line.has_bundle else 'gone'})",
            "bundle digest": release.bundle_digest,
            "contract version": release.contract_version,
            "feature service": release.feature_service,
            "fallbacks": ", ".join(release.fallbacks) or "-",
            "made": f"{line.created_at.isoformat(timespec='seconds')} by {line.created_by}: {line.reason}",
        }
    )
    for name, fact in _record_facts(details.record).items():
        table.add_row(name, escape(fact))
    for gate in details.gates:
        table.add_row("gate", escape(gate))
    for change in details.changes:
        verb = "came into force" if change.to_release == line.release_id else "went"
        table.add_row(verb, escape(f"{change.at.isoformat(timespec='seconds')} by {change.by}: {change.reason}"))
    for made in details.decisions:
        told = f"{made.decided_at.isoformat(timespec='seconds')} by {made.decided_by}: {made.reason}"
        table.add_row(made.verdict, escape(told))
    return table


def _record_facts(record: "ModelRecord") -> dict[str, str]:
    facts = record.facts
    if facts is None:
        return {"stage": record.stage}
    return {
        "stage": record.stage,
        "model id": facts.model_id,
        "framework": facts.framework,
        "accuracy": f"{facts.accuracy_metric} {'not defined' if facts.accuracy is None else f'{facts.accuracy:.4g}'}",
        "trained on": facts.training_date.isoformat(),
        "artifact": f"{facts.artifact_uri} ({facts.model_size_bytes:,} bytes)",
        "inputs": ", ".join(facts.input_schema["features"]),
    }


def _changes_table(changes: Sequence[PointerChange]) -> Table:
    table = Table("When", "From", "To", "Feature snapshot", "By", "Why", box=None, padding=(0, 1))
    for change in changes:
        ends = (change.from_release or "-", change.to_release, change.snapshot_id or "-")
        told = map(escape, (change.by, change.reason))
        table.add_row(change.at.isoformat(timespec="seconds"), *ends, *told)
    return table


def _approval_table(approval: "Approval") -> Table:
    release = approval.release
    return facts_table(
        {
            "product": release.product,
            "in force": f"release {release.release_id}, model version {release.model_version}",
            "moved": "yes" if approval.is_new else "no",
            "on its way": f"release {approval.begun.release_id}, step by step" if approval.begun else "-",
        }
    )


def _decisions_table(made: "Sequence[Decision]") -> Table:
    table = Table("About", "Verdict", "When", "By", "Why", box=None, padding=(0, 1))
    for one in made:
        at = one.decided_at.isoformat(timespec="seconds")
        table.add_row(one.subject, one.verdict, at, escape(one.decided_by), escape(one.reason))
    return table
