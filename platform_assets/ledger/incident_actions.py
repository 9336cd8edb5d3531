"""What is done so that a breach does not come back: who owns it, until when, and what came of it."""

import datetime as dt

import msgspec
from sqlalchemy import select

from platform_assets.errors import IncidentStateError, UnknownRecordError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.incidents import INCIDENT_ACTIONS, ActionKind, add_entry, get_incident


class IncidentAction(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do about an incident; `outcome` is what came of it."""

    action_id: int
    incident_id: int
    product: str
    kind: ActionKind
    what: str
    owner: str
    due_at: dt.datetime
    done_at: dt.datetime | None
    done_by: str | None
    outcome: str | None

    def is_overdue(self, at: dt.datetime) -> bool:
        """Tell whether it should have been done by then and was not."""
        return self.done_at is None and self.due_at < at


def add_action(
    ledger: Ledger, incident_id: int, *, kind: ActionKind, what: str, owner: str, due_at: dt.datetime, by: Mandate
) -> IncidentAction:
    """Record what is to be done about an incident, by whom and until when; also after it was resolved.

    Raises UnknownRecordError.
    """
    with ledger.transaction() as connection:
        incident = get_incident(ledger, incident_id)
        values = {"product": incident.product, "kind": kind, "what": what, "owner": owner, "due_at": due_at}
        inserted = connection.execute(INCIDENT_ACTIONS.insert().values(incident_id=incident_id, **values))
        made = get_action(ledger, int(inserted.inserted_primary_key[0]))  # type: ignore[index] # it has one
        told = f"{kind} action {made.action_id} for {owner} until {due_at:%Y-%m-%d}: {what} ({by.reason})"
        add_entry(ledger, incident_id, "action", told, happened_at=by.at, recorded_by=by.by)
        return made


def complete_action(ledger: Ledger, action_id: int, mandate: Mandate) -> IncidentAction:
    """Record that an action is done; the reason of the mandate is what came of it.

    Raises UnknownRecordError, and IncidentStateError when it is done already.
    """
    with ledger.transaction() as connection:
        found = get_action(ledger, action_id)
        if found.done_at is not None:
            problem = f"action {action_id} was done by {found.done_by} at {found.done_at.isoformat(timespec='seconds')}"
            raise IncidentStateError(incident_id=found.incident_id, problem=problem, remedy="nothing was changed")
        values = {"done_at": mandate.at, "done_by": mandate.by, "outcome": mandate.reason}
        connection.execute(INCIDENT_ACTIONS.update().where(INCIDENT_ACTIONS.c.action_id == action_id).values(values))
        told = f"action {action_id} is done: {mandate.reason}"
        add_entry(ledger, found.incident_id, "action", told, happened_at=mandate.at, recorded_by=mandate.by)
        return get_action(ledger, action_id)


def get_action(ledger: Ledger, action_id: int) -> IncidentAction:
    """Return an action; raises UnknownRecordError."""
    this = select(INCIDENT_ACTIONS).where(INCIDENT_ACTIONS.c.action_id == action_id)
    with ledger.reading() as connection:
        row = connection.execute(this).mappings().first()
    if row is None:
        remedy = "take one of `platform incidents show ID`"
        raise UnknownRecordError(kind="action", key=str(action_id), remedy=remedy)
    return IncidentAction(**row)


def actions(
    ledger: Ledger, product: str | None = None, *, incident_id: int | None = None, undone_only: bool = False
) -> list[IncidentAction]:
    """Return actions in the order they are due, of one product or incident, or of all."""
    wanted = select(INCIDENT_ACTIONS).order_by(INCIDENT_ACTIONS.c.due_at, INCIDENT_ACTIONS.c.action_id)
    if product is not None:
        wanted = wanted.where(INCIDENT_ACTIONS.c.product == product)
    if incident_id is not None:
        wanted = wanted.where(INCIDENT_ACTIONS.c.incident_id == incident_id)
    if undone_only:
        wanted = wanted.where(INCIDENT_ACTIONS.c.done_at.is_(None))
    with ledger.reading() as connection:
        return [IncidentAction(**row) for row in connection.execute(wanted).mappings()]
