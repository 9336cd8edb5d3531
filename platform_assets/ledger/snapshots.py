"""Online snapshots: what was published to the online store, when and from where it can be published again."""

import datetime as dt
from typing import Literal

import msgspec
from sqlalchemy import Column, Connection, Integer, String, Table, UniqueConstraint, select

from platform_assets.errors import RecordConflictError, UnknownRecordError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.tables import METADATA, UtcInstant

SnapshotState = Literal["published", "superseded", "rolled_back", "failed"]

ONLINE_SNAPSHOTS = Table(
    "online_snapshots",
    METADATA,
    Column("sequence", Integer, primary_key=True),
    Column("service", String, nullable=False),
    Column("snapshot_id", String, nullable=False),
    Column("as_of", UtcInstant, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("deleted", Integer, nullable=False),
    Column("published_at", UtcInstant, nullable=False),
    Column("run_id", String, nullable=False),
    Column("uri", String, nullable=False),
    Column("state", String, nullable=False),
    UniqueConstraint("service", "snapshot_id"),
)


class SnapshotRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One published snapshot of a feature service; `rows` in all, `changed` and `deleted` against the one before."""

    sequence: int
    service: str
    snapshot_id: str
    as_of: dt.datetime
    rows: int
    changed: int
    deleted: int
    published_at: dt.datetime
    run_id: str
    uri: str
    state: SnapshotState


def record_snapshot(  # noqa: PLR0913 - a snapshot has that many facts
    ledger: Ledger,
    *,
    service: str,
    snapshot_id: str,
    as_of: dt.datetime,
    rows: int,
    changed: int,
    deleted: int,
    published_at: dt.datetime,
    run_id: str,
    uri: str,
) -> SnapshotRecord:
    """Record a snapshot as the published one of its service; the one before becomes superseded.

    The same id again keeps the facts of its first record and becomes the published one, as the online store holds its
    content again. Raises RecordConflictError when it is there for another as-of.
    """
    table = ONLINE_SNAPSHOTS
    with ledger.transaction() as connection:
        found = find_snapshot(ledger, service, snapshot_id)
        if found is not None:
            if found.as_of != as_of:
                problem = f"it stands for {found.as_of.isoformat()}"
                raise RecordConflictError(kind="online snapshot", key=f"{service} {snapshot_id}", problem=problem)
            _show_again(connection, found)
            return get_snapshot(ledger, service, snapshot_id)
        _supersede(connection, service)
        connection.execute(
            table.insert().values(
                service=service,
                snapshot_id=snapshot_id,
                as_of=as_of,
                rows=rows,
                changed=changed,
                deleted=deleted,
                published_at=published_at,
                run_id=run_id,
                uri=uri,
                state="published",
            )
        )
        return get_snapshot(ledger, service, snapshot_id)


def _show_again(connection: Connection, snapshot: SnapshotRecord) -> None:
    if snapshot.state == "published":
        return
    _supersede(connection, snapshot.service)
    this = ONLINE_SNAPSHOTS.update().where(ONLINE_SNAPSHOTS.c.sequence == snapshot.sequence)
    connection.execute(this.values(state="published"))


def _supersede(connection: Connection, service: str) -> None:
    table = ONLINE_SNAPSHOTS
    published = table.update().where(table.c.service == service, table.c.state == "published")
    connection.execute(published.values(state="superseded"))


def roll_back_to(ledger: Ledger, service: str, snapshot_id: str) -> SnapshotRecord:
    """Record that an earlier snapshot is published again; the one that was becomes rolled back.

    Raises UnknownRecordError.
    """
    table = ONLINE_SNAPSHOTS
    with ledger.transaction() as connection:
        get_snapshot(ledger, service, snapshot_id)
        of_service = table.update().where(table.c.service == service)
        others = of_service.where(table.c.state == "published", table.c.snapshot_id != snapshot_id)
        connection.execute(others.values(state="rolled_back"))
        connection.execute(of_service.where(table.c.snapshot_id == snapshot_id).values(state="published"))
        return get_snapshot(ledger, service, snapshot_id)


def current_snapshot(ledger: Ledger, service: str) -> SnapshotRecord | None:
    """Return the published snapshot of a service, or None."""
    return next((one for one in reversed(snapshots(ledger, service)) if one.state == "published"), None)


def get_snapshot(ledger: Ledger, service: str, snapshot_id: str) -> SnapshotRecord:
    """Return a snapshot; raises UnknownRecordError."""
    found = find_snapshot(ledger, service, snapshot_id)
    if found is None:
        remedy = "take one that is listed for its service"
        raise UnknownRecordError(kind="online snapshot", key=f"{service} {snapshot_id}", remedy=remedy)
    return found


def find_snapshot(ledger: Ledger, service: str, snapshot_id: str) -> SnapshotRecord | None:
    """Return a snapshot or None."""
    table = ONLINE_SNAPSHOTS
    wanted = select(table).where(table.c.service == service, table.c.snapshot_id == snapshot_id)
    with ledger.reading() as connection:
        row = connection.execute(wanted).mappings().first()
    return SnapshotRecord(**row) if row else None


def snapshots(ledger: Ledger, service: str) -> list[SnapshotRecord]:
    """Return all snapshots of a service in the order they were first published."""
    table = ONLINE_SNAPSHOTS
    wanted = select(table).where(table.c.service == service).order_by(table.c.sequence)
    with ledger.reading() as connection:
        return [SnapshotRecord(**row) for row in connection.execute(wanted).mappings()]
