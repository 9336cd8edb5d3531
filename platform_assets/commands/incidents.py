"""`platform incidents`: look at breaches of promises, say what they were, and see that they do not come back."""

import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from platform_assets.clock import parse_instant, wall_now
from platform_assets.commands.existing_ledger import existing_ledger
from platform_assets.commands.incident_records import incident_details, incident_document, incident_lines
from platform_assets.commands.operator import ByOption, ReasonOption, mandate_of
from platform_assets.commands.product_names import product_named
from platform_assets.commands.terminal import JsonFlag, show
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from platform_assets.ledger.database import Ledger
    from platform_assets.ledger.decisions import Mandate
    from platform_assets.ledger.incident_actions import IncidentAction
    from platform_assets.ledger.incidents import Incident

Recorded = TypeVar("Recorded", "Incident", "IncidentAction")
# The same words as in the ledger, which costs half a second to import.
ActionKind = Literal["preventive", "capacity", "redesign", "stakeholder"]
IdArgument = Annotated[int, typer.Argument(metavar="ID", help="Number of an incident, as `list` shows it.", min=1)]


def _instant(text: str) -> dt.datetime:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


UntilOption = Annotated[
    dt.datetime, typer.Option("--until", help="Day or instant, in UTC where no zone is given.", parser=_instant)
]
DueOption = Annotated[
    dt.datetime,
    typer.Option("--due", help="Day or instant until when, in UTC where no zone is given.", parser=_instant),
]

incidents = typer.Typer(no_args_is_help=True, help="Look at breaches of promises, say what they were, resolve them.")


@incidents.command("list")
def list_incidents(
    product: Annotated[str | None, typer.Argument(help="Name of a product; the default is all.")] = None,
    *,
    with_resolved: Annotated[bool, typer.Option("--all", help="Also those that are resolved.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """List the incidents that nobody has resolved, and which of them hold promotions."""
    settings = Settings.from_environment()
    name = product_named(product).name if product else None
    lines = incident_lines(existing_ledger(settings), name, wall_now(), with_resolved=with_resolved)

    def render() -> "Table":
        from platform_assets.commands.incident_tables import lines_table

        return lines_table(lines)

    show(lines, as_json=as_json, render=render)


@incidents.command("show")
def show_incident(incident: IdArgument, *, as_json: JsonFlag = False) -> None:
    """Show one incident: who is hurt, what consumers get, actions, probable causes, the whole timeline."""
    at = wall_now()
    details = incident_details(existing_ledger(Settings.from_environment()), incident, at)

    def render() -> "Group":
        from platform_assets.commands.incident_tables import details_table

        return details_table(details, at)

    show(details, as_json=as_json, render=render)


@incidents.command("report")
def report(incident: IdArgument, *, as_json: JsonFlag = False) -> None:
    """Print the document of an incident as Markdown: drafted from the records, to be completed by a person."""
    document = incident_document(existing_ledger(Settings.from_environment()), incident, wall_now())
    if as_json:
        show({"incident_id": incident, "document": document}, as_json=True, render=str)
    else:
        typer.echo(document)


@incidents.command("acknowledge")
def acknowledge(incident: IdArgument, reason: ReasonOption, by: ByOption = None, *, as_json: JsonFlag = False) -> None:
    """Record that somebody works on it."""
    from platform_assets.ledger.incident_steps import acknowledge as step

    _take(step, incident, by, reason, as_json=as_json)


@incidents.command("cause")
def cause(incident: IdArgument, reason: ReasonOption, by: ByOption = None, *, as_json: JsonFlag = False) -> None:
    """Record what it was; the reason is the cause."""
    from platform_assets.ledger.incident_steps import record_cause

    _take(record_cause, incident, by, reason, as_json=as_json)


@incidents.command("action")
def action(  # noqa: PLR0913 - an action has that many facts
    incident: IdArgument,
    what: Annotated[str, typer.Option("--what", help="What is to be done.")],
    owner: Annotated[str, typer.Option("--owner", help="The team or person who does it.")],
    due: DueOption,
    reason: ReasonOption,
    kind: Annotated[ActionKind, typer.Option("--kind", help="What kind of action it is.")] = "preventive",
    by: ByOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Record what is to be done so that it does not come back, by whom and until when."""
    from platform_assets.ledger.incident_actions import add_action

    _act(
        lambda ledger, mandate: add_action(ledger, incident, kind=kind, what=what, owner=owner, due_at=due, by=mandate),
        by,
        reason,
        as_json=as_json,
    )


@incidents.command("done")
def done(
    number: Annotated[int, typer.Argument(metavar="ACTION", help="Number of an action, as `show` has it.", min=1)],
    reason: ReasonOption,
    by: ByOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Record that an action is done; the reason says what came of it."""
    from platform_assets.ledger.incident_actions import complete_action

    _act(lambda ledger, mandate: complete_action(ledger, number, mandate), by, reason, as_json=as_json)


@incidents.command("waive")
def waive(
    incident: IdArgument, until: UntilOption, reason: ReasonOption, by: ByOption = None, *, as_json: JsonFlag = False
) -> None:
    """Let promotions pass until then, in spite of this incident and its overdue actions."""
    from platform_assets.ledger.incident_steps import waive as step

    _take(partial(step, until=until), incident, by, reason, as_json=as_json)


@incidents.command("resolve")
def resolve(incident: IdArgument, reason: ReasonOption, by: ByOption = None, *, as_json: JsonFlag = False) -> None:
    """Close an incident whose cause is recorded and whose promise holds again, or that is waived."""
    from platform_assets.ledger.incident_steps import resolve as step

    _take(step, incident, by, reason, as_json=as_json)


def _take(
    step: "Callable[[Ledger, int, Mandate], Incident]", incident: int, by: str | None, reason: str, *, as_json: bool
) -> None:
    from platform_assets.commands.incident_tables import incident_table

    changed = _record(lambda ledger, mandate: step(ledger, incident, mandate), by, reason)
    show(changed, as_json=as_json, render=lambda: incident_table(changed))


def _act(step: "Callable[[Ledger, Mandate], IncidentAction]", by: str | None, reason: str, *, as_json: bool) -> None:
    from platform_assets.commands.incident_tables import action_table

    action = _record(step, by, reason)
    show(action, as_json=as_json, render=lambda: action_table(action))


def _record(step: "Callable[[Ledger, Mandate], Recorded]", by: str | None, reason: str) -> "Recorded":
    """Take a step, and let whoever moves traffic without the ledger know at once what holds promotions after it."""
    from platform_assets.ledger.database import open_ledger
    from platform_assets.registry.promotion_holds import show_holds

    settings = Settings.from_environment()
    ledger = open_ledger(settings.ledger_dsn)
    recorded = step(ledger, mandate_of(settings, by, reason))
    show_holds(settings, ledger, [recorded.product])
    return recorded
