"""Whether the newest rollout was ended by a hard limit: the release before answers, and the candidate waits."""

import datetime as dt

from platform_assets.contract.product import Product
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.promises import Observation
from platform_assets.ledger.traffic_moves import traffic_moves
from platform_assets.settings import Settings

# Who ends a rollout by itself: the driver when gates decide, the endpoint at a hard limit. A person has another name.
_BY_THEMSELVES = frozenset({"driver", "endpoint"})
_OF_ROLLOUTS = frozenset({"moved", "rollout_begun", "rollout_completed", "rollout_ended"})


def observe_rollout(_settings: Settings, ledger: Ledger, product: Product, _at: dt.datetime) -> list[Observation]:
    """Return the promise that nothing ended the newest rollout by itself; it holds with the next move of a release."""
    moves = [move for move in traffic_moves(ledger, product.name) if move.kind in _OF_ROLLOUTS]
    if product.online is None or not moves:
        return []
    newest = moves[-1]
    was_ended = newest.kind == "rollout_ended" and newest.moved_by in _BY_THEMSELVES
    facts = {"candidate": newest.candidate, "step": newest.step, "moved_at": newest.moved_at, "reason": newest.reason}
    return [
        Observation(
            product=product.name,
            promise="rollout",
            state="broken" if was_ended else "kept",
            facts=facts if was_ended else {},
        )
    ]
