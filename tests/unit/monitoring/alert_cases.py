"""Changes and moves of promises as the watch makes them, for tests of alerts."""

import datetime as dt
from typing import Any

import msgspec

from platform_assets.contract.promises import PromiseState
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.incidents import Incident, Severity, open_incident
from platform_assets.ledger.notifications import Notification, notifications
from platform_assets.ledger.promises import PromiseChange
from platform_assets.monitoring.incidents.moves import IncidentMove, MoveKind

NOW = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)


def later(**units: float) -> dt.datetime:
    return NOW + dt.timedelta(**units)


def change(
    after: PromiseState = "broken",
    *,
    product: str = "churn",
    promise: str = "data_age",
    subject: str = "",
    at: dt.datetime = NOW,
    before: PromiseState = "kept",
    facts: dict[str, Any] | None = None,
) -> PromiseChange:
    return PromiseChange(
        change_id=1,
        product=product,
        promise=promise,
        subject=subject,
        before=before,
        after=after,
        changed_at=at,
        value=200.0,
        limit=192.0,
        unit="h",
        facts=facts or {},
    )


def incident(
    ledger: Ledger,
    severity: Severity = "minor",
    *,
    product: str = "churn",
    promise: str = "data_age",
    subject: str = "",
    at: dt.datetime = NOW,
) -> Incident:
    opened, _ = open_incident(
        ledger,
        product=product,
        promise=promise,
        subject=subject,
        severity=severity,
        title=f"{product}: {promise}",
        owner="team",
        fallback="",
        impact={},
        opened_at=at,
    )
    return msgspec.structs.replace(opened, severity=severity)


def move(kind: MoveKind, of: Incident, *, at: dt.datetime = NOW, after: PromiseState | None = None) -> IncidentMove:
    """Return a move of an incident, with the change that goes with its kind."""
    stands = after or ("kept" if kind == "recovered" else "broken")
    made = change(stands, product=of.product, promise=of.promise, subject=of.subject, at=at)
    return IncidentMove(incident=of, kind=kind, change=None if kind == "worse" else made)


def outbox(ledger: Ledger, *recipients: str) -> list[Notification]:
    return [each for each in notifications(ledger) if not recipients or each.recipient in recipients]


def told(ledger: Ledger, recipient: str) -> list[tuple[str, str]]:
    """Return (state, level) of all that an address was to be told."""
    return [(each.state, each.message["level"]) for each in outbox(ledger, recipient)]
