"""What people do with an incident: acknowledge it, say what it was, waive it for a time, resolve it; all recorded."""

import datetime as dt

from platform_assets.errors import IncidentStateError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.incidents import EntryKind, Incident, add_entry, change_incident, get_incident


def acknowledge(ledger: Ledger, incident_id: int, mandate: Mandate) -> Incident:
    """Record that somebody works on it; one whose promise holds again stays `recovered`.

    Raises UnknownRecordError, and IncidentStateError for one that is resolved.
    """
    with ledger.transaction():
        found = _unresolved(ledger, incident_id)
        state = "acknowledged" if found.is_broken else found.state
        return _step(ledger, incident_id, "acknowledged", mandate.reason, mandate, state=state)


def record_cause(ledger: Ledger, incident_id: int, mandate: Mandate) -> Incident:
    """Record what it was, in the words of the mandate's reason; a later cause replaces it, the timeline keeps both.

    Raises UnknownRecordError.
    """
    return _step(ledger, incident_id, "cause", mandate.reason, mandate, root_cause=mandate.reason)


def waive(ledger: Ledger, incident_id: int, mandate: Mandate, *, until: dt.datetime) -> Incident:
    """Let promotions pass until an instant, whatever its severity and its overdue actions; also when resolved.

    Raises UnknownRecordError, and IncidentStateError for an instant that is not to come.
    """
    if until <= mandate.at:
        problem = f"a waiver until {until.isoformat(timespec='seconds')} would be over already"
        raise IncidentStateError(incident_id=incident_id, problem=problem, remedy="name an instant to come, in UTC")
    told = f"until {until.isoformat(timespec='seconds')}: {mandate.reason}"
    return _step(ledger, incident_id, "waived", told, mandate, waived_until=until)


def resolve(ledger: Ledger, incident_id: int, mandate: Mandate) -> Incident:
    """Close an incident whose cause is recorded and whose promise holds again, or that is waived.

    Raises UnknownRecordError, and IncidentStateError with what is missing.
    """
    with ledger.transaction():
        found = _unresolved(ledger, incident_id)
        if found.root_cause is None:
            remedy = f'say what it was: platform incidents cause {incident_id} --reason "..."'
            raise IncidentStateError(incident_id=incident_id, problem="no cause is recorded", remedy=remedy)
        if found.is_broken and not found.is_waived(mandate.at):
            remedy = "mend it, or waive the incident with a reason"
            problem = f"the promise {found.promise} of {found.product} is still broken"
            raise IncidentStateError(incident_id=incident_id, problem=problem, remedy=remedy)
        return _step(ledger, incident_id, "resolved", mandate.reason, mandate, state="resolved", resolved_at=mandate.at)


def _unresolved(ledger: Ledger, incident_id: int) -> Incident:
    found = get_incident(ledger, incident_id)
    if found.resolved_at is not None:
        problem = f"it was resolved at {found.resolved_at.isoformat(timespec='seconds')}"
        raise IncidentStateError(incident_id=incident_id, problem=problem, remedy="nothing was changed")
    return found


def _step(ledger: Ledger, incident_id: int, kind: EntryKind, text: str, mandate: Mandate, **values: object) -> Incident:
    with ledger.transaction():
        changed = change_incident(ledger, incident_id, **values)
        add_entry(ledger, incident_id, kind, text, happened_at=mandate.at, recorded_by=mandate.by)
        return changed
