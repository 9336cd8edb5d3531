"""Where a promise stands after one look, put together from what changed and from what became of its incident."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from platform_assets.contract.promises import PromiseState
from platform_assets.ledger.incidents import Incident
from platform_assets.ledger.promises import PromiseChange
from platform_assets.monitoring.alerts.message import Level
from platform_assets.monitoring.incidents.moves import IncidentMove

# A breach without an incident is the least of breaches. What nobody could look at is no news: it breaks if that lasts.
_LEVELS: dict[PromiseState, Level] = {"kept": "ok", "at_risk": "warning", "broken": "minor"}


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One promise as it stands now; `severity` is how bad it is, or was while it was broken."""

    product: str
    promise: str
    subject: str
    level: Level
    severity: Level
    since: dt.datetime
    change: PromiseChange | None = None
    incident: Incident | None = None

    @property
    def topic(self) -> str:
        """What news about it are called, so that the same is told once."""
        return topic_of(self.product, self.promise, self.subject)


def topic_of(product: str, promise: str, subject: str) -> str:
    """Return the topic of a promise."""
    return f"{product}/{promise}/{subject}"


def standings_of(moves: Sequence[IncidentMove], changes: Sequence[PromiseChange]) -> list[Standing]:
    """Return one standing per promise that something happened to; what its incident says goes first."""
    found = {standing.topic: standing for standing in (_of_change(each) for each in changes if each.after in _LEVELS)}
    for standing in map(_of_move, moves):
        before = found.get(standing.topic)
        change = standing.change or (before.change if before else None)  # what time alone made worse was measured then
        found[standing.topic] = msgspec.structs.replace(standing, change=change)
    return list(found.values())


def _of_change(change: PromiseChange) -> Standing:
    level = _LEVELS[change.after]
    return Standing(
        product=change.product,
        promise=change.promise,
        subject=change.subject,
        level=level,
        severity="warning" if level == "ok" else level,
        since=change.changed_at,
        change=change,
    )


def _of_move(move: IncidentMove) -> Standing:
    incident, change = move.incident, move.change
    is_over = move.kind == "recovered"
    still_at_risk = change is not None and change.after == "at_risk"
    begins_again = change is not None and move.kind == "reopened"
    return Standing(
        product=incident.product,
        promise=incident.promise,
        subject=incident.subject,
        level=("warning" if still_at_risk else "ok") if is_over else incident.severity,
        severity=incident.severity,
        since=change.changed_at if change is not None and begins_again else incident.opened_at,
        change=change,
        incident=incident,
    )
