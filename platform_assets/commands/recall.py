"""`platform recall <thing>`: takes everything that was made from it from consumers, in one command."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group
from rich.markup import escape
from rich.table import Table

from platform_assets.commands.impact import ThingArgument, impact_tables
from platform_assets.commands.operator import ByOption, ReasonOption, command_run, mandate_of
from platform_assets.commands.terminal import JsonFlag, facts_table, finish, say, show
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.audit.impact import Impact
    from platform_assets.commands.recall_lift import Lifted
    from platform_assets.commands.recall_steps import Recalled, RecallStep

_SAID: "dict[RecallStep, str]" = {
    "recall": "recording the recall: nothing new is made from it",
    "batches": "withdrawing published batches",
    "consumers": "writing what consumers read",
    "traffic": "taking releases out of traffic",
    "snapshots": "taking feature snapshots offline",
    "news": "telling owners and readers",
}


def recall(
    thing: ThingArgument,
    reason: ReasonOption,
    by: ByOption = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be affected.")] = False,
    lift: Annotated[bool, typer.Option("--lift", help="Let it, and what was made from it, be used again.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Recall a thing: batches are withdrawn, releases and snapshots go back, and everybody concerned is told."""
    if dry_run and lift:
        problem = "give one of --dry-run and --lift"
        raise typer.BadParameter(problem)
    from platform_assets.audit.impact import find_impact
    from platform_assets.audit.subjects import find_subject
    from platform_assets.commands.recall_lift import lift as lift_it
    from platform_assets.commands.recall_steps import Recaller
    from platform_assets.commands.recall_steps import recall as recall_it
    from platform_assets.ledger.database import open_ledger
    from platform_assets.orchestration.endpoint_follow import crew_of

    settings = Settings.from_environment()
    ledger = open_ledger(settings.ledger_dsn)
    subject = find_subject(ledger, thing)
    if dry_run:
        impact = find_impact(settings, ledger, subject, unsound_only=True)
        show(impact, as_json=as_json, render=lambda: _plan_tables(impact))
        return
    mandate = mandate_of(settings, by, reason)
    run = command_run(mandate.at)
    crew = crew_of(settings, run, tell=lambda _step: None)
    declared = {product.name: product for product in discover_products()}
    recaller = Recaller(settings, ledger, declared, mandate, run, crew, _say_step)
    if lift:
        lifted = lift_it(recaller, subject)
        show(lifted, as_json=as_json, render=lambda: _lifted_table(lifted))
        return
    done = recall_it(recaller, subject)
    show(done, as_json=as_json, render=lambda: Group(impact_tables(done.impact), _done_table(done)))
    finish(is_ok=not done.problems)


def _say_step(step: "RecallStep") -> None:
    if step in _SAID:
        say(_SAID[step])


def _plan_tables(impact: "Impact") -> Group:
    told = "a dry run: nothing was changed. Without --dry-run the batches shown above are withdrawn, the releases"
    return Group(impact_tables(impact), f"[dim]{told} and snapshots made from it go back, and the readers are told.[/]")


def _done_table(done: "Recalled") -> Table:
    made = done.decision
    at = made.decided_at.isoformat(timespec="seconds")
    table = facts_table(
        {
            "recalled": f"{made.subject} by {made.decided_by} at {at}: {made.reason}",
            **({"begun": "by an earlier call"} if done.was_begun else {}),
            "withdrawn now": ", ".join(map(str, done.withdrawn)) or "nothing: it was done before, or there was none",
            "told": f"{done.told} addresses" if done.told else "nobody again",
        }
    )
    for one in done.products:
        if one.consumers is not None:
            shown = one.consumers.shown
            read = f"the batch as of {shown.as_of}, revision {shown.revision}" if shown else "no batch: none is sound"
            table.add_row(f"{one.product}: consumers read", read)
        if one.traffic is not None:
            release = f"release {one.traffic.release_id}" if one.traffic.release_id else "no release: none is sound"
            table.add_row(f"{one.product}: answers", "fallbacks, switched off" if one.traffic.is_off else release)
        for each in one.snapshots:
            table.add_row(
                f"{one.product}: snapshot of {each.service}", f"{each.before} -> {each.snapshot_id or 'none'}"
            )
    for product in done.undeclared:
        table.add_row(product, "is declared no more: its batches are withdrawn, and nothing else")
    for problem in done.problems:
        table.add_row("[yellow]not yet[/]", escape(problem))
    return table


def _lifted_table(lifted: "Lifted") -> Table:
    decision = lifted.decision
    told = f"by {decision.decided_by}: {decision.reason}" if decision else "no recall hits it; nothing was changed"
    versions = ", ".join(f"{product} v{version}" for product, version in lifted.accepted) or "none"
    next_step = "score or publish again what should be shown; batches stay withdrawn until then"
    return facts_table({"lifted": told, "may get traffic again": versions, "next": next_step})
