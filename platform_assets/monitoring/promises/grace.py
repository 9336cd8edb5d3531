"""How long a promise may be unknown before that itself breaks it: not yet made, or nobody could look."""

import datetime as dt

from platform_assets.contract.promises import PromiseState
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.promises import PromiseStanding, promise_standings

# Time for a new product to be trained and scored, and for what a look needs to come back.
NEVER_MADE = dt.timedelta(hours=24)
NOT_SEEN = dt.timedelta(minutes=15)


def standing_of(ledger: Ledger, product: str, promise: str, subject: str = "") -> PromiseStanding | None:
    """Return where a promise stood at the last look, None before the first."""
    standings = promise_standings(ledger, product)
    return next((one for one in standings if (one.promise, one.subject) == (promise, subject)), None)


def state_without(stood: PromiseStanding | None, grace: dt.timedelta, at: dt.datetime) -> PromiseState:
    """Return the state of a promise with nothing to measure by: unknown at first, broken when that lasts."""
    if stood is None:
        return "unknown"
    if stood.state == "unknown":
        return "broken" if at - stood.since > grace else "unknown"
    return "broken" if stood.state == "broken" else "unknown"
