"""Releases and which of them is live: immutable documents and one pointer per product that moves by compare-and-set."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import JSON, Column, ForeignKey, Integer, String, Table, select

from platform_assets.errors import RecordConflictError, UnknownRecordError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.tables import METADATA, UtcInstant

RELEASES = Table(
    "releases",
    METADATA,
    Column("release_id", String, primary_key=True),
    Column("product", String, nullable=False, index=True),
    Column("model_version", Integer, nullable=False),
    Column("bundle_digest", String, nullable=False),
    Column("contract_version", String, nullable=False),
    Column("document", JSON, nullable=False),
    Column("created_at", UtcInstant, nullable=False),
    Column("created_by", String, nullable=False),
    Column("reason", String, nullable=False),
)
LIVE_POINTERS = Table(
    "live_pointers",
    METADATA,
    Column("product", String, primary_key=True),
    Column("release_id", ForeignKey("releases.release_id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("updated_at", UtcInstant, nullable=False),
)
POINTER_MOVES = Table(
    "pointer_moves",
    METADATA,
    Column("product", String, primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("previous", ForeignKey("releases.release_id")),
    Column("release_id", ForeignKey("releases.release_id"), nullable=False),
    Column("moved_at", UtcInstant, nullable=False),
    Column("moved_by", String, nullable=False),
    Column("reason", String, nullable=False),
)


class ReleaseRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A release as it was made; `document` is its whole content."""

    release_id: str
    product: str
    model_version: int
    bundle_digest: str
    contract_version: str
    document: dict[str, Any]
    created_at: dt.datetime
    created_by: str
    reason: str


class LivePointer(msgspec.Struct, frozen=True, kw_only=True):
    """Which release of a product is live; `sequence` counts the moves."""

    product: str
    release_id: str
    sequence: int
    updated_at: dt.datetime


class PointerMove(msgspec.Struct, frozen=True, kw_only=True):
    """One move of a live pointer: from what to what, when, by whom and why."""

    product: str
    sequence: int
    previous: str | None
    release_id: str
    moved_at: dt.datetime
    moved_by: str
    reason: str


def record_release(  # noqa: PLR0913 - a release has that many facts
    ledger: Ledger,
    *,
    release_id: str,
    product: str,
    model_version: int,
    bundle_digest: str,
    contract_version: str,
    document: Mapping[str, Any],
    created_at: dt.datetime,
    created_by: str,
    reason: str,
) -> ReleaseRecord:
    """Record a release once; a repeat returns what is there.

    Raises RecordConflictError when the id is there with another document: an id stands for one content.
    """
    with ledger.transaction() as connection:
        found = find_release(ledger, release_id)
        if found is None:
            connection.execute(
                RELEASES.insert().values(
                    release_id=release_id,
                    product=product,
                    model_version=model_version,
                    bundle_digest=bundle_digest,
                    contract_version=contract_version,
                    document=dict(document),
                    created_at=created_at,
                    created_by=created_by,
                    reason=reason,
                )
            )
            return get_release(ledger, release_id)
    # Compared as JSON: a tuple that was stored comes back as a list.
    if msgspec.json.encode(found.document, order="deterministic") != msgspec.json.encode(
        document, order="deterministic"
    ):
        raise RecordConflictError(kind="release", key=release_id, problem="its document is another one")
    return found


def get_release(ledger: Ledger, release_id: str) -> ReleaseRecord:
    """Return a release; raises UnknownRecordError."""
    found = find_release(ledger, release_id)
    if found is None:
        raise UnknownRecordError(kind="release", key=release_id, remedy="materialize the release of its product")
    return found


def find_release(ledger: Ledger, release_id: str) -> ReleaseRecord | None:
    """Return a release or None."""
    with ledger.reading() as connection:
        row = connection.execute(select(RELEASES).where(RELEASES.c.release_id == release_id)).mappings().first()
    return ReleaseRecord(**row) if row else None


def releases(ledger: Ledger, product: str) -> list[ReleaseRecord]:
    """Return all releases of a product, oldest first."""
    wanted = select(RELEASES).where(RELEASES.c.product == product)
    with ledger.reading() as connection:
        rows = connection.execute(wanted.order_by(RELEASES.c.created_at, RELEASES.c.release_id)).mappings()
        return [ReleaseRecord(**row) for row in rows]


def move_pointer(
    ledger: Ledger,
    product: str,
    *,
    expected: str | None,
    release_id: str,
    moved_at: dt.datetime,
    moved_by: str,
    reason: str,
) -> bool:
    """Make a release live if the live one is still `expected` (None: none yet); of racing callers one gets True.

    Moving to what is live already is True and no move. Raises UnknownRecordError for an unknown release and
    RecordConflictError for one of another product.
    """
    with ledger.transaction() as connection:
        target = get_release(ledger, release_id)
        if target.product != product:
            raise RecordConflictError(kind="release", key=release_id, problem=f"it belongs to {target.product!r}")
        live = live_pointer(ledger, product)
        if (live.release_id if live else None) != expected:
            return False
        if expected == release_id:
            return True
        sequence = live.sequence + 1 if live else 1
        values = {"release_id": release_id, "sequence": sequence, "updated_at": moved_at}
        if live:
            connection.execute(LIVE_POINTERS.update().where(LIVE_POINTERS.c.product == product).values(values))
        else:
            connection.execute(LIVE_POINTERS.insert().values(product=product, **values))
        connection.execute(
            POINTER_MOVES.insert().values(
                product=product,
                sequence=sequence,
                previous=expected,
                release_id=release_id,
                moved_at=moved_at,
                moved_by=moved_by,
                reason=reason,
            )
        )
        return True


def live_pointer(ledger: Ledger, product: str) -> LivePointer | None:
    """Return which release of a product is live, or None."""
    with ledger.reading() as connection:
        row = connection.execute(select(LIVE_POINTERS).where(LIVE_POINTERS.c.product == product)).mappings().first()
    return LivePointer(**row) if row else None


def pointer_moves(ledger: Ledger, product: str) -> list[PointerMove]:
    """Return every move of a product's live pointer, oldest first."""
    wanted = select(POINTER_MOVES).where(POINTER_MOVES.c.product == product).order_by(POINTER_MOVES.c.sequence)
    with ledger.reading() as connection:
        return [PointerMove(**row) for row in connection.execute(wanted).mappings()]
