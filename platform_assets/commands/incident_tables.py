"""Incidents as people read them in a terminal."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from platform_assets.commands.incident_records import IncidentDetails, IncidentLine
from platform_assets.commands.terminal import facts_table

if TYPE_CHECKING:
    from platform_assets.ledger.incident_actions import IncidentAction
    from platform_assets.ledger.incidents import Incident

_SEVERITY = {"minor": "dim", "major": "yellow", "severe": "bold red"}
_STATE = {"open": "red", "acknowledged": "yellow", "recovered": "cyan", "resolved": "green"}


def lines_table(lines: Sequence[IncidentLine]) -> Table:
    """Return incidents as a table, one per row."""
    table = Table("Id", "Severity", "State", "Since", "What", "Cause", "Actions", "", box=None, padding=(0, 1))
    for line in lines:
        one = line.incident
        overdue = f", [bold red]{line.actions_overdue} overdue[/]" if line.actions_overdue else ""
        table.add_row(
            str(one.incident_id),
            f"[{_SEVERITY[one.severity]}]{one.severity}[/]",
            f"[{_STATE[one.state]}]{one.state}[/]",
            _instant(one.opened_at),
            escape(one.title),
            escape(_cause(line)),
            f"{line.actions_open} open{overdue}",
            "[bold red]holds promotions[/]" if line.holds_promotions else "",
        )
    return table


def details_table(details: IncidentDetails, at: dt.datetime) -> Group:
    """Return all about one incident: facts, actions, probable causes, timeline."""
    facts = incident_table(details.line.incident, details.line)
    actions = [_actions(details.actions, at)] if details.actions else []
    return Group(facts, *actions, _causes(details), _timeline(details))


def incident_table(incident: "Incident", line: IncidentLine | None = None) -> Table:
    """Return the facts of an incident."""
    facts = {
        "incident": f"{incident.incident_id}: {incident.title}",
        "severity": incident.severity,
        "state": incident.state,
        "since": _instant(incident.opened_at),
        "recovered": _maybe(incident.recovered_at),
        "resolved": _maybe(incident.resolved_at),
        "waived until": _maybe(incident.waived_until),
        "owner": incident.owner,
        "consumers get": incident.fallback,
        "hurts": _hurt(incident),
        "cause": incident.root_cause or "not recorded",
    }
    if line is not None:
        facts["holds promotions"] = "yes" if line.holds_promotions else "no"
    return facts_table(facts)


def action_table(action: "IncidentAction") -> Table:
    """Return the facts of an action."""
    return facts_table(
        {
            "action": f"{action.action_id} of incident {action.incident_id} ({action.kind})",
            "what": action.what,
            "owner": action.owner,
            "due": _instant(action.due_at),
            "done": f"{_instant(action.done_at)} by {action.done_by}: {action.outcome}" if action.done_at else "no",
        }
    )


def _actions(actions: "Sequence[IncidentAction]", at: dt.datetime) -> Table:
    table = Table("Action", "Kind", "What", "Owner", "Due", "State", box=None, padding=(0, 1))
    for one in actions:
        state = "[green]done[/]" if one.done_at else "[bold red]overdue[/]" if one.is_overdue(at) else "open"
        told = (one.kind, escape(one.what), escape(one.owner), _instant(one.due_at), state)
        table.add_row(str(one.action_id), *told)
    return table


def _causes(details: IncidentDetails) -> Table:
    table = Table("Score", f"Probable cause since {details.draft.good.told}", "Evidence", box=None, padding=(0, 1))
    for cause in details.draft.causes:
        table.add_row(f"{cause.score:.2f}", escape(cause.told), escape("; ".join(cause.evidence)))
    return table


def _timeline(details: IncidentDetails) -> Table:
    table = Table("When", "Kind", "What", "By", box=None, padding=(0, 1))
    for line in details.timeline:
        table.add_row(_instant(line.at), line.kind.replace("_", " "), escape(line.told), escape(line.by))
    return table


def _cause(line: IncidentLine) -> str:
    if line.incident.root_cause:
        return line.incident.root_cause
    return f"probably {line.cause}" if line.cause else "-"


def _hurt(incident: "Incident") -> str:
    told = [
        f"{one['title']} ({one['output']}, {'next at ' + one['next_at'] if one['next_at'] else 'at any time'})"
        for one in incident.impact.get("readings", ())
    ]
    return "; ".join(told) or "no declared consumer"


def _maybe(at: dt.datetime | None) -> str:
    return _instant(at) if at else "-"


def _instant(at: dt.datetime) -> str:
    return at.isoformat(timespec="seconds")
