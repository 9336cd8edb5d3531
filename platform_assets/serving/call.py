"""The facts of one call that every row of it shares."""

import datetime as dt
import itertools
import secrets
from dataclasses import dataclass

from platform_assets.contract.experiments import Assigned
from platform_assets.serving.live_release import LiveRelease
from platform_assets.serving.stored import SnapshotSeen

# Unique, not secret: asking the system for randomness costs each call more than its ids. Workers are new interpreters,
# never forks of one that has this already.
_PROCESS = secrets.token_hex(8)
_NUMBERS = itertools.count()


def new_nonce() -> str:
    """Return what makes the prediction ids of one call its own, in every process."""
    return f"{_PROCESS}{next(_NUMBERS):x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: which release answers it, from which snapshot, for which business instant and when it came in.

    `assigned` is why it is that release, where another one could have answered.
    """

    request_id: str
    live: LiveRelease
    snapshot: SnapshotSeen | None
    event_at: dt.datetime
    predicted_at: dt.datetime
    latency_ms: float
    nonce: str
    assigned: Assigned | None = None
