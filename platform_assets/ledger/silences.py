"""When alerts keep silent: from now for a while, or in a planned time of maintenance."""

import datetime as dt
from typing import Literal

import msgspec
from sqlalchemy import Column, Integer, String, Table, Text, select

from platform_assets.errors import UnknownRecordError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.tables import METADATA, UtcInstant

SilenceKind = Literal["silence", "maintenance"]

# Empty `product` or `promise` means all of them.
SILENCES = Table(
    "silences",
    METADATA,
    Column("silence_id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("product", String, nullable=False),
    Column("promise", String, nullable=False),
    Column("starts_at", UtcInstant, nullable=False),
    Column("ends_at", UtcInstant, nullable=False),
    Column("created_by", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ended_at", UtcInstant),
)


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which news are held; an empty product or promise means all. `ended_at` is when a person ended it."""

    silence_id: int
    kind: SilenceKind
    product: str
    promise: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    created_by: str
    reason: str
    ended_at: dt.datetime | None

    def covers(self, product: str, promise: str, at: dt.datetime) -> bool:
        """Tell whether news of a promise are held at that instant."""
        is_meant = self.product in {"", product} and self.promise in {"", promise}
        return is_meant and self.ended_at is None and self.starts_at <= at < self.ends_at


def add_silence(
    ledger: Ledger,
    kind: SilenceKind,
    mandate: Mandate,
    *,
    starts_at: dt.datetime,
    ends_at: dt.datetime,
    product: str = "",
    promise: str = "",
) -> Silence:
    """Record a time in which news are held."""
    values = {"kind": kind, "product": product, "promise": promise, "starts_at": starts_at, "ends_at": ends_at}
    with ledger.transaction() as connection:
        recorded = {**values, "created_by": mandate.by, "reason": mandate.reason}
        inserted = connection.execute(SILENCES.insert().values(recorded)).inserted_primary_key
        return get_silence(ledger, int(inserted[0]) if inserted else 0)


def end_silence(ledger: Ledger, silence_id: int, at: dt.datetime) -> Silence:
    """End a silence before its time, or call off a maintenance; one that has ended stays. Raises UnknownRecordError."""
    this = (SILENCES.c.silence_id == silence_id, SILENCES.c.ended_at.is_(None), SILENCES.c.ends_at > at)
    with ledger.transaction() as connection:
        connection.execute(SILENCES.update().where(*this).values(ended_at=at))
        return get_silence(ledger, silence_id)


def get_silence(ledger: Ledger, silence_id: int) -> Silence:
    """Return a silence; raises UnknownRecordError."""
    with ledger.reading() as connection:
        row = connection.execute(select(SILENCES).where(SILENCES.c.silence_id == silence_id)).mappings().first()
    if row is None:
        remedy = "take one of `platform alerts list`"
        raise UnknownRecordError(kind="silence", key=str(silence_id), remedy=remedy)
    return Silence(**row)


def silences(ledger: Ledger, at: dt.datetime) -> list[Silence]:
    """Return what keeps silent now or will later, in the order of recording."""
    ahead = (SILENCES.c.ended_at.is_(None), SILENCES.c.ends_at > at)
    with ledger.reading() as connection:
        rows = connection.execute(select(SILENCES).where(*ahead).order_by(SILENCES.c.silence_id)).mappings()
        return [Silence(**row) for row in rows]
