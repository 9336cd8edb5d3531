"""What became of an incident at one look: what notifications are made from."""

from typing import Literal

import msgspec

from platform_assets.ledger.incidents import Incident
from platform_assets.ledger.promises import PromiseChange

# worse: its severity has grown; changed: its promise is broken in another way, or can no longer be measured.
MoveKind = Literal["opened", "worse", "changed", "recovered", "reopened"]


class IncidentMove(msgspec.Struct, frozen=True, kw_only=True):
    """One move of an incident, as it is after it; `change` is None where time alone made it worse."""

    incident: Incident
    kind: MoveKind
    change: PromiseChange | None
