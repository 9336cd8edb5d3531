"""The document of an incident: drafted from records, completed by a person."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from platform_assets.contract.product import Product
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.incident_actions import IncidentAction, actions
from platform_assets.ledger.incidents import Incident
from platform_assets.monitoring.incidents.draft import UNKNOWN, Draft, draft_cause
from platform_assets.monitoring.incidents.timeline import TimelineLine, timeline

_TO_COMPLETE = "*To be completed by a person.*"


def incident_report(ledger: Ledger, product: Product, incident: Incident, at: dt.datetime) -> str:
    """Return the document of an incident as Markdown: what happened, impact, timeline, probable causes, what is done.

    Cause and lessons are a person's; the draft ranks what the records know and says so.
    """
    with ledger.reading():
        draft = draft_cause(ledger, product, incident)
        lines = timeline(ledger, product, incident, at)
        todo = actions(ledger, incident_id=incident.incident_id)
    parts = [
        _happened(incident, at),
        _impact(incident),
        _timeline(lines),
        _probable(draft),
        _cause(incident),
        _actions(todo, at),
    ]
    return "\n".join(line for part in parts for line in part)


def _happened(incident: Incident, at: dt.datetime) -> Iterator[str]:
    yield f"# Incident {incident.incident_id}: {incident.title}"
    yield ""
    yield f"- Product: {incident.product}, owned by {incident.owner}"
    yield f"- Severity: {incident.severity}; state at {_instant(at)}: {incident.state}"
    yield f"- Broken from {_instant(incident.opened_at)} until {_until(incident)}"
    if incident.waived_until:
        yield f"- Promotions are waived until {_instant(incident.waived_until)}"
    yield f"- What consumers got: {incident.fallback}"
    yield ""


def _impact(incident: Incident) -> Iterator[str]:
    yield "## Who was hurt"
    yield ""
    readings: Sequence[Mapping[str, Any]] = incident.impact.get("readings", ())
    if not readings:
        yield "No declared consumer reads this output."
    else:
        yield "| consumer | reads | for | importance | next reading | told at |"
        yield "|---|---|---|---|---|---|"
    for one in readings:
        when = _instant(dt.datetime.fromisoformat(one["next_at"])) if one["next_at"] else "at any time"
        told = (one["title"], f"{one['output']} ({one['way']})", ", ".join(one["purposes"]), one["importance"], when)
        yield _row(*told, one["email"])
    for action in incident.impact.get("suspended_actions", ()):
        yield f"\nThe automated action `{action}` was left out."
    yield ""


def _timeline(lines: Sequence[TimelineLine]) -> Iterator[str]:
    yield "## Timeline (UTC)"
    yield ""
    yield "| when | kind | what | by |"
    yield "|---|---|---|---|"
    for line in lines:
        yield _row(_instant(line.at), line.kind.replace("_", " "), line.told, line.by)
    yield ""


def _probable(draft: Draft) -> Iterator[str]:
    yield "## Probable causes, drafted from the records"
    yield ""
    yield f"Last good: {draft.good.told}. Scores rank the causes of this incident and are no probabilities."
    yield ""
    if not draft.causes:
        yield f"None: {UNKNOWN}."
    for place, cause in enumerate(draft.causes, start=1):
        evidence = "; ".join(cause.evidence) or "-"
        yield f"{place}. **{cause.told}** ({_instant(cause.at)}, score {cause.score:.2f}). Evidence: {evidence}"
    yield ""


def _cause(incident: Incident) -> Iterator[str]:
    yield "## Cause"
    yield ""
    yield incident.root_cause or f"{_TO_COMPLETE} `platform incidents cause {incident.incident_id} --reason ...`"
    yield ""
    yield "## Lessons"
    yield ""
    yield _TO_COMPLETE
    yield ""


def _actions(todo: Sequence[IncidentAction], at: dt.datetime) -> Iterator[str]:
    yield "## Actions"
    yield ""
    if not todo:
        yield "None yet. `platform incidents action ID --what ... --owner ... --due ... --reason ...`"
        return
    yield "| id | kind | what | owner | due | state |"
    yield "|---|---|---|---|---|---|"
    for one in todo:
        state = f"done: {one.outcome}" if one.done_at else "**overdue**" if one.is_overdue(at) else "open"
        yield _row(str(one.action_id), one.kind, one.what, one.owner, f"{one.due_at:%Y-%m-%d}", state)


def _until(incident: Incident) -> str:
    return _instant(incident.recovered_at) if incident.recovered_at else "now"


def _instant(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"


def _row(*cells: str) -> str:
    # What people wrote must not end a cell or a line of the table.
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
