"""Batches that a guardrail refused: where they lie and why."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import JSON, Column, Integer, String, Table, UniqueConstraint, select

from platform_assets.ledger.database import Ledger
from platform_assets.ledger.tables import METADATA, UtcInstant

QUARANTINED_BATCHES = Table(
    "quarantined_batches",
    METADATA,
    Column("quarantine_id", Integer, primary_key=True),
    Column("product", String, nullable=False),
    Column("as_of", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("uri", String, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("quarantined_at", UtcInstant, nullable=False),
    Column("run_id", String, nullable=False),
    UniqueConstraint("product", "as_of", "digest"),
)


class QuarantineRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One refused batch; `reasons` are the verdicts of the guardrails that refused it."""

    quarantine_id: int
    product: str
    as_of: str
    digest: str
    uri: str
    reasons: list[dict[str, Any]]
    quarantined_at: dt.datetime
    run_id: str


def record_quarantined(  # noqa: PLR0913 - a refused batch has that many facts
    ledger: Ledger,
    *,
    product: str,
    as_of: str,
    digest: str,
    uri: str,
    reasons: Sequence[Mapping[str, Any]],
    quarantined_at: dt.datetime,
    run_id: str,
) -> QuarantineRecord:
    """Record a refused batch once; the same batch again returns the first record."""
    table = QUARANTINED_BATCHES
    this = select(table).where(table.c.product == product, table.c.as_of == as_of, table.c.digest == digest)
    with ledger.transaction() as connection:
        if connection.execute(this).first() is None:
            connection.execute(
                table.insert().values(
                    product=product,
                    as_of=as_of,
                    digest=digest,
                    uri=uri,
                    reasons=[dict(reason) for reason in reasons],
                    quarantined_at=quarantined_at,
                    run_id=run_id,
                )
            )
        return QuarantineRecord(**connection.execute(this).mappings().one())


def quarantined_batches(ledger: Ledger, product: str | None = None) -> list[QuarantineRecord]:
    """Return the refused batches, of one product or of all, in the order they were refused."""
    wanted = select(QUARANTINED_BATCHES).order_by(QUARANTINED_BATCHES.c.quarantine_id)
    if product is not None:
        wanted = wanted.where(QUARANTINED_BATCHES.c.product == product)
    with ledger.reading() as connection:
        return [QuarantineRecord(**row) for row in connection.execute(wanted).mappings()]
