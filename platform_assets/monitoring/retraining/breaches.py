"""Which broken alert rules ask for a new model, as the ledger has them."""

import datetime as dt

import msgspec

from platform_assets.contract.alert_rules import ALERT_RULES
from platform_assets.contract.promises import RULE_PREFIX
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.incidents import find_incident
from platform_assets.ledger.promises import PromiseStanding, promise_standings

_RESPONSE = "retrain"
_SETTLE_DAYS = {f"{RULE_PREFIX}{rule.name}": rule.over_days for rule in ALERT_RULES}
_OTHERWISE_DAYS = 7
_CUT_OFF = " cut-off "


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that is broken and asks for a new model.

    `incident_id` is that of its incident, which outlives a rule that holds again for hours only. `settle_days` is how
    far back its measure reads: until then after a release it still speaks of the one before.
    """

    promise: str
    subject: str
    incident_id: int | None
    since: dt.datetime
    value: float | None
    limit: float | None
    unit: str
    told: str
    settle_days: int

    def cause(self, release_id: str, cutoff: dt.date) -> str:
        """Return the name of this breach, answered by a model up to a cut-off: whatever is called so is asked once.

        The same examples would give the same model again.
        """
        return f"{self._episode(release_id)}{_CUT_OFF}{cutoff.isoformat()}"

    def is_cause_of(self, cause: str, release_id: str) -> bool:
        """Tell whether a request of that cause was made for this breach of that release, at whatever cut-off."""
        return cause.startswith(f"{self._episode(release_id)}{_CUT_OFF}")

    def _episode(self, release_id: str) -> str:
        episode = f"incident {self.incident_id}" if self.incident_id is not None else f"since {self.since.isoformat()}"
        return f"{self.promise} {self.subject} {episode} release {release_id}"


def breaches(ledger: Ledger, product: str) -> list[Breach]:
    """Return the broken rules of a product whose response is a new model, the one that broke first first."""
    with ledger.reading():
        found = [_breach(ledger, one) for one in promise_standings(ledger, product) if _asks(one)]
    return sorted(found, key=lambda one: (one.since, one.promise, one.subject))


def _asks(standing: PromiseStanding) -> bool:
    is_rule = standing.promise.startswith(RULE_PREFIX)
    return is_rule and standing.state == "broken" and standing.facts.get("kind") == _RESPONSE


def _breach(ledger: Ledger, standing: PromiseStanding) -> Breach:
    incident = find_incident(ledger, standing.product, standing.promise, standing.subject)
    return Breach(
        promise=standing.promise,
        subject=standing.subject,
        incident_id=incident.incident_id if incident is not None and incident.resolved_at is None else None,
        since=standing.since,
        value=standing.value,
        limit=standing.limit,
        unit=standing.unit,
        told=str(standing.facts.get("told", "")) or f"{standing.promise} is broken",
        settle_days=_SETTLE_DAYS.get(standing.promise, _OTHERWISE_DAYS),
    )
