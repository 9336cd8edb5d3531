"""How far the prediction log has been drained into its table."""

import datetime as dt

import msgspec
from sqlalchemy import Column, Integer, String, Table, select

from platform_assets.errors import RecordConflictError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.tables import METADATA, UtcInstant

DRAINS = Table(
    "drains",
    METADATA,
    Column("stream", String, primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("last_id", String, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("delta_version", Integer, nullable=False),
    Column("drained_at", UtcInstant, nullable=False),
)


class Drain(msgspec.Struct, frozen=True, kw_only=True):
    """One drained stretch of a stream: its last entry and the table version that holds its rows."""

    stream: str
    sequence: int
    last_id: str
    rows: int
    delta_version: int
    drained_at: dt.datetime


def record_drain(
    ledger: Ledger,
    *,
    stream: str,
    sequence: int,
    last_id: str,
    rows: int,
    delta_version: int,
    drained_at: dt.datetime,
) -> Drain:
    """Record a drained stretch once, after its rows are committed; the same one again returns the first record.

    Raises RecordConflictError when the sequence is there with another end, or is not the next one.
    """
    with ledger.transaction() as connection:
        this = select(DRAINS).where(DRAINS.c.stream == stream, DRAINS.c.sequence == sequence)
        row = connection.execute(this).mappings().first()
        if row is None:
            _require_next(last_drain(ledger, stream), stream, sequence)
            values = {"last_id": last_id, "rows": rows, "delta_version": delta_version, "drained_at": drained_at}
            connection.execute(DRAINS.insert().values(stream=stream, sequence=sequence, **values))
            row = connection.execute(this).mappings().one()
        found = Drain(**row)
    if found.last_id != last_id:
        problem = f"it ends at {found.last_id}, not {last_id}"
        raise RecordConflictError(kind="drain", key=f"{stream} {sequence}", problem=problem)
    return found


def last_drain(ledger: Ledger, stream: str) -> Drain | None:
    """Return the newest drained stretch of a stream, or None."""
    wanted = select(DRAINS).where(DRAINS.c.stream == stream).order_by(DRAINS.c.sequence.desc()).limit(1)
    with ledger.reading() as connection:
        row = connection.execute(wanted).mappings().first()
    return Drain(**row) if row else None


def _require_next(last: Drain | None, stream: str, sequence: int) -> None:
    if last is not None and sequence != last.sequence + 1:
        problem = f"the newest is {last.sequence}, so {last.sequence + 1} comes next"
        raise RecordConflictError(kind="drain", key=f"{stream} {sequence}", problem=problem)
