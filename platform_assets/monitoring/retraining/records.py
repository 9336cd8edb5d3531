"""Requests as they are made and followed: each step is recorded once, and the incident that caused it tells it."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from platform_assets.errors import RetrainingStateError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.retraining import (
    RetrainingRequest,
    RetrainingState,
    Wish,
    get_request,
    record_request,
    record_step,
)
from platform_assets.monitoring.incidents.happened import HappenedEvent, record_happened
from platform_assets.monitoring.retraining.breaches import Breach
from platform_assets.monitoring.retraining.decide import Prospect

PLATFORM = "platform"


def ask_for_breach(
    ledger: Ledger, product: str, breach: Breach, *, release_id: str, prospect: Prospect, mandate: Mandate
) -> tuple[RetrainingRequest, bool]:
    """Record the one request of a breach and tell its incident; return it, and whether it is new."""
    evidence = {
        "promise": breach.promise,
        "subject": breach.subject,
        "value": breach.value,
        "limit": breach.limit,
        "unit": breach.unit,
        "told": breach.told,
        "since": breach.since.isoformat(),
        "new_labels": prospect.new_labels,
    }
    wish = Wish(
        product=product,
        cause=breach.cause(release_id, prospect.cutoff),
        incident_id=breach.incident_id,
        release_id=release_id,
        cutoff=prospect.cutoff,
        train_from=prospect.train_from,
        evidence=evidence,
    )
    return _ask(ledger, wish, mandate)


def ask_by_hand(
    ledger: Ledger, product: str, *, release_id: str, prospect: Prospect, mandate: Mandate
) -> RetrainingRequest:
    """Record the request of a person."""
    wish = Wish(
        product=product,
        cause=f"word of {mandate.by} at {mandate.at.isoformat()}",
        incident_id=None,
        release_id=release_id,
        cutoff=prospect.cutoff,
        train_from=prospect.train_from,
        evidence={"new_labels": prospect.new_labels},
    )
    return _ask(ledger, wish, mandate)[0]


def follow(
    ledger: Ledger,
    request_id: int,
    state: RetrainingState,
    told: str,
    *,
    at: dt.datetime,
    by: str = PLATFORM,
    facts: Mapping[str, Any] | None = None,
) -> RetrainingRequest:
    """Record what became of a request and tell its incident, once; one that has ended stays as it is."""
    with ledger.transaction():
        request, is_new = record_step(ledger, request_id, state, told, at=at, by=by, facts=facts)
        if is_new:
            what = f"{state}:{request.steps[-1].step_id}"
            _tell(ledger, request, what, f"retraining request {request_id} is {state}: {told}", at=at, by=by)
    return request


def withdraw(ledger: Ledger, request_id: int, mandate: Mandate) -> RetrainingRequest:
    """Take a request back on a person's word: its run releases nothing. Raises RetrainingStateError after its end."""
    with ledger.transaction():
        require_standing(ledger, request_id)
        return follow(ledger, request_id, "withdrawn", mandate.reason, at=mandate.at, by=mandate.by)


def require_standing(ledger: Ledger, request_id: int) -> RetrainingRequest:
    """Return a request that has not ended; raises RetrainingStateError."""
    found = get_request(ledger, request_id)
    if found.is_ended:
        raise RetrainingStateError(request_id=request_id, product=found.product, state=found.state)
    return found


def _ask(ledger: Ledger, wish: Wish, mandate: Mandate) -> tuple[RetrainingRequest, bool]:
    with ledger.transaction():
        request, is_new = record_request(ledger, wish, mandate)
        if is_new:
            told = (
                f"retraining request {request.request_id}: a candidate is trained on examples up to {request.cutoff}; "
                "its gates compare it with the release in force"
            )
            _tell(ledger, request, "requested", told, at=mandate.at, by=mandate.by)
    return request, is_new


def _tell(ledger: Ledger, request: RetrainingRequest, what: str, told: str, *, at: dt.datetime, by: str) -> None:
    if request.incident_id is None:
        return
    event = HappenedEvent(
        key=f"retraining:{request.request_id}:{what}",
        kind="model",
        happened_at=at,
        told=told,
        by=by,
        facts={"retraining_request": request.request_id},
    )
    record_happened(ledger, request.incident_id, [event])
