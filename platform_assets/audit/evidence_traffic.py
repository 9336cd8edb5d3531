"""How an online answer got to its release: which share of the traffic it had, and how the caller was assigned."""

from collections.abc import Mapping
from typing import Any

from platform_assets.ledger.database import Ledger
from platform_assets.ledger.traffic_moves import TrafficMove, traffic_moves


def traffic_evidence(ledger: Ledger, product: str, row: Mapping[str, Any]) -> dict[str, str]:
    """Return the assignment that the answer itself tells, and the move of the live pointer that was in force then.

    Moves that were made within the same instant on another machine may be told one too early or too late.
    """
    told = {
        "release": str(row["release_id"]),
        "rollout or experiment": row.get("experiment_id"),
        "variant": row.get("variant"),
        "chosen": row.get("chosen"),
        "unit": row.get("unit"),
    }
    move = _move_at(ledger, product, row)
    if move is not None:
        told |= {
            "traffic since": move.moved_at.isoformat(timespec="seconds"),
            "moved by": f"{move.moved_by} ({move.kind.replace('_', ' ')}): {move.reason}",
            "release in force": move.release_id,
        }
        if move.share is not None:
            told |= {"release on its way": str(move.candidate), "step": str(move.step), "its share": f"{move.share:g}"}
    return {name: str(value) for name, value in told.items() if value is not None}


def _move_at(ledger: Ledger, product: str, row: Mapping[str, Any]) -> TrafficMove | None:
    before = [move for move in traffic_moves(ledger, product) if move.moved_at <= row["predicted_at"]]
    return before[-1] if before else None
