"""Every move of who answers a product's traffic, mirrored from the files that the live pointer leaves behind."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import JSON, Boolean, Column, Float, Index, Integer, String, Table, func, select

from platform_assets.ledger.database import Ledger
from platform_assets.ledger.tables import METADATA, UtcInstant

# No foreign key to the releases: what has happened is recorded, also of a release that the ledger does not know.
TRAFFIC_MOVES = Table(
    "traffic_moves",
    METADATA,
    Column("product", String, primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("release_id", String, nullable=False),
    Column("candidate", String),
    Column("rollout_id", String),
    Column("step", String),
    Column("share", Float),
    Column("moved_at", UtcInstant, nullable=False),
    Column("moved_by", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("is_shown", Boolean, nullable=False),
    Index(None, "product", "candidate"),
)


class TrafficMove(msgspec.Struct, frozen=True, kw_only=True):
    """One move of a live pointer; `release_id` answers after it, and `share` of the traffic goes to `candidate`.

    Of a move that ended or completed a rollout, `candidate`, `rollout_id` and `step` are those that it had until then,
    and `share` is None. `is_shown` says that the run history shows it.
    """

    product: str
    sequence: int
    kind: str
    release_id: str
    candidate: str | None
    rollout_id: str | None
    step: str | None
    share: float | None
    moved_at: dt.datetime
    moved_by: str
    reason: str
    evidence: Mapping[str, Any]
    is_shown: bool = False


def record_traffic_move(ledger: Ledger, move: TrafficMove) -> bool:
    """Record a move once, by product and sequence; returns False when it is there already."""
    taken = select(TRAFFIC_MOVES.c.sequence).where(
        TRAFFIC_MOVES.c.product == move.product, TRAFFIC_MOVES.c.sequence == move.sequence
    )
    with ledger.transaction() as connection:
        if connection.execute(taken).first() is not None:
            return False
        connection.execute(TRAFFIC_MOVES.insert().values(msgspec.structs.asdict(move)))
        return True


def mark_shown(ledger: Ledger, product: str, sequences: list[int]) -> None:
    """Record that the run history shows these moves."""
    of_product = TRAFFIC_MOVES.update().where(TRAFFIC_MOVES.c.product == product)
    with ledger.transaction() as connection:
        connection.execute(of_product.where(TRAFFIC_MOVES.c.sequence.in_(sequences)).values(is_shown=True))


def last_traffic_sequence(ledger: Ledger, product: str) -> int:
    """Return the sequence of the newest recorded move of a product, or 0."""
    newest = select(func.max(TRAFFIC_MOVES.c.sequence)).where(TRAFFIC_MOVES.c.product == product)
    with ledger.reading() as connection:
        return connection.execute(newest).scalar() or 0


def traffic_moves(ledger: Ledger, product: str, *, unshown_only: bool = False) -> list[TrafficMove]:
    """Return the recorded moves of a product, oldest first; on request those alone that no run has shown yet."""
    wanted = select(TRAFFIC_MOVES).where(TRAFFIC_MOVES.c.product == product).order_by(TRAFFIC_MOVES.c.sequence)
    if unshown_only:
        wanted = wanted.where(TRAFFIC_MOVES.c.is_shown.is_(False))
    with ledger.reading() as connection:
        return [TrafficMove(**row) for row in connection.execute(wanted).mappings()]
