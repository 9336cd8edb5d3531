"""How long a promise may be unknown before that itself breaks it: not yet made, or nobody could look."""

import datetime as dt

from platform_assets.contract.promises import PromiseState
from platform_assets.ledger.promises import PromiseStanding

# Time for a new product to be trained and scored, and for what a look needs to come back.
NEVER_MADE = dt.timedelta(hours=24)
NOT_SEEN = dt.timedelta(minutes=15)


def state_without(stood: PromiseStanding | None, grace: dt.timedelta, at: dt.datetime) -> PromiseState:
    """Return the state of a promise with nothing to measure by: unknown at first, broken when that lasts."""
    if stood is None:
        return "unknown"
    if stood.state == "unknown":
        return "broken" if at - stood.since > grace else "unknown"
    return "broken" if stood.state == "broken" else "unknown"
