"""Publications: which checked batches exist and which one consumers read per as-of; nothing is ever overwritten."""

import datetime as dt
from typing import Literal

import msgspec
from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    RowMapping,
    Select,
    String,
    Table,
    UniqueConstraint,
    func,
    select,
)

from platform_assets.errors import RecordConflictError, UnknownRecordError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.tables import METADATA, UtcInstant

PublicationState = Literal["published", "withdrawn"]

PUBLICATIONS = Table(
    "publications",
    METADATA,
    Column("publication_id", Integer, primary_key=True),
    Column("product", String, nullable=False),
    Column("as_of", String, nullable=False),
    Column("model_version", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("release_id", String, nullable=False),
    Column("row_count", Integer, nullable=False),
    Column("digest", String, nullable=False),
    Column("delta_version", Integer, nullable=False),
    Column("published_at", UtcInstant, nullable=False),
    Column("run_id", String, nullable=False),
    Column("state", String, nullable=False),
    UniqueConstraint("product", "as_of", "model_version", "revision"),
    Index(None, "product", "as_of", "model_version", "digest"),
)
PUBLISHED_POINTERS = Table(
    "published_pointers",
    METADATA,
    Column("product", String, primary_key=True),
    Column("as_of", String, primary_key=True),
    Column("publication_id", ForeignKey("publications.publication_id"), nullable=False),
)


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """One atomic commit of a checked batch; `as_of` is an ISO date, `digest` that of what the batch says."""

    publication_id: int
    product: str
    as_of: str
    model_version: int
    revision: int
    release_id: str
    row_count: int
    digest: str
    delta_version: int
    published_at: dt.datetime
    run_id: str
    state: PublicationState


def record_publication(  # noqa: PLR0913 - a publication has that many facts
    ledger: Ledger,
    *,
    product: str,
    as_of: str,
    model_version: int,
    revision: int,
    release_id: str,
    row_count: int,
    digest: str,
    delta_version: int,
    published_at: dt.datetime,
    run_id: str,
) -> Publication:
    """Record a batch and point its as-of at it, in one transaction; returns what is recorded.

    The same batch again (product, as-of, model version, digest) returns the first record and moves nothing. Raises
    RecordConflictError when the revision is taken by another batch.
    """
    with ledger.transaction() as connection:
        found = find_publication(ledger, product=product, as_of=as_of, model_version=model_version, digest=digest)
        if found is not None:
            return found
        if revision < next_revision(ledger, product, as_of, model_version):
            key = f"{product} as of {as_of} version {model_version} revision {revision}"
            raise RecordConflictError(kind="publication", key=key, problem="another batch has this revision or a later")
        inserted = connection.execute(
            PUBLICATIONS.insert().values(
                product=product,
                as_of=as_of,
                model_version=model_version,
                revision=revision,
                release_id=release_id,
                row_count=row_count,
                digest=digest,
                delta_version=delta_version,
                published_at=published_at,
                run_id=run_id,
                state="published",
            )
        )
        publication_id = int(inserted.inserted_primary_key[0]) if inserted.inserted_primary_key else 0
        _point(connection, product, as_of, publication_id)
        return get_publication(ledger, publication_id)


def show_again(ledger: Ledger, publication_id: int) -> Publication:
    """Point the as-of of a batch at it again, as after a move back to an earlier release; returns its record.

    One that was withdrawn stays withdrawn. Raises UnknownRecordError.
    """
    with ledger.transaction() as connection:
        found = get_publication(ledger, publication_id)
        if found.state == "published":
            _point(connection, found.product, found.as_of, publication_id)
        return found


def next_revision(ledger: Ledger, product: str, as_of: str, model_version: int) -> int:
    """Return the revision that the next batch of this as-of and model version gets: 1 for the first."""
    newest = select(func.max(PUBLICATIONS.c.revision)).where(
        PUBLICATIONS.c.product == product,
        PUBLICATIONS.c.as_of == as_of,
        PUBLICATIONS.c.model_version == model_version,
    )
    with ledger.reading() as connection:
        return (connection.execute(newest).scalar() or 0) + 1


def current_publication(ledger: Ledger, product: str, as_of: str | None = None) -> Publication | None:
    """Return what consumers read: the published batch of an as-of, by default of the newest as-of that has one."""
    wanted = select(PUBLICATIONS).join(PUBLISHED_POINTERS).where(PUBLISHED_POINTERS.c.product == product)
    if as_of is not None:
        wanted = wanted.where(PUBLISHED_POINTERS.c.as_of == as_of)
    return _first(ledger, wanted.order_by(PUBLISHED_POINTERS.c.as_of.desc()))


def current_publications(ledger: Ledger, product: str) -> list[Publication]:
    """Return what consumers read of each as-of that has a published batch, the oldest first."""
    wanted = select(PUBLICATIONS).join(PUBLISHED_POINTERS).where(PUBLISHED_POINTERS.c.product == product)
    with ledger.reading() as connection:
        rows = connection.execute(wanted.order_by(PUBLISHED_POINTERS.c.as_of)).mappings()
        return [_publication(row) for row in rows]


def publication_before(ledger: Ledger, product: str, as_of: str) -> Publication | None:
    """Return the published batch of the newest as-of before this one, or None."""
    wanted = select(PUBLICATIONS).join(PUBLISHED_POINTERS).where(PUBLISHED_POINTERS.c.product == product)
    return _first(ledger, wanted.where(PUBLISHED_POINTERS.c.as_of < as_of).order_by(PUBLISHED_POINTERS.c.as_of.desc()))


def publications(ledger: Ledger, product: str, as_of: str | None = None) -> list[Publication]:
    """Return every batch of a product that was ever published, by as-of and then in the order of recording."""
    wanted = select(PUBLICATIONS).where(PUBLICATIONS.c.product == product)
    if as_of is not None:
        wanted = wanted.where(PUBLICATIONS.c.as_of == as_of)
    with ledger.reading() as connection:
        rows = connection.execute(wanted.order_by(PUBLICATIONS.c.as_of, PUBLICATIONS.c.publication_id)).mappings()
        return [_publication(row) for row in rows]


def find_publication(
    ledger: Ledger, *, product: str, as_of: str, model_version: int, digest: str
) -> Publication | None:
    """Return the publication of this very batch, or None."""
    wanted = select(PUBLICATIONS).where(
        PUBLICATIONS.c.product == product,
        PUBLICATIONS.c.as_of == as_of,
        PUBLICATIONS.c.model_version == model_version,
        PUBLICATIONS.c.digest == digest,
    )
    return _first(ledger, wanted.order_by(PUBLICATIONS.c.publication_id.desc()))


def get_publication(ledger: Ledger, publication_id: int) -> Publication:
    """Return a publication; raises UnknownRecordError."""
    found = _first(ledger, select(PUBLICATIONS).where(PUBLICATIONS.c.publication_id == publication_id))
    if found is None:
        remedy = "take one that is listed for its product"
        raise UnknownRecordError(kind="publication", key=str(publication_id), remedy=remedy)
    return found


def withdraw_publication(ledger: Ledger, publication_id: int) -> Publication | None:
    """Take a batch from consumers for good; its rows stay. Returns what its as-of shows now: the newest not withdrawn.

    Raises UnknownRecordError.
    """
    with ledger.transaction() as connection:
        gone = get_publication(ledger, publication_id)
        by_id = PUBLICATIONS.update().where(PUBLICATIONS.c.publication_id == publication_id)
        connection.execute(by_id.values(state="withdrawn"))
        left = [one for one in publications(ledger, gone.product, gone.as_of) if one.state == "published"]
        shown = current_publication(ledger, gone.product, gone.as_of)
        if shown is not None and shown.publication_id == publication_id:
            _point(connection, gone.product, gone.as_of, left[-1].publication_id if left else None)
        return current_publication(ledger, gone.product, gone.as_of)


def restore_publication(ledger: Ledger, publication_id: int) -> Publication:
    """Let a withdrawn batch be the published one of its as-of again; raises UnknownRecordError."""
    with ledger.transaction() as connection:
        by_id = PUBLICATIONS.update().where(PUBLICATIONS.c.publication_id == publication_id)
        connection.execute(by_id.values(state="published"))
        return show_again(ledger, publication_id)


def _point(connection: Connection, product: str, as_of: str, publication_id: int | None) -> None:
    here = (PUBLISHED_POINTERS.c.product == product, PUBLISHED_POINTERS.c.as_of == as_of)
    connection.execute(PUBLISHED_POINTERS.delete().where(*here))
    if publication_id is not None:
        values = {"product": product, "as_of": as_of, "publication_id": publication_id}
        connection.execute(PUBLISHED_POINTERS.insert().values(values))


def _first(ledger: Ledger, wanted: Select[tuple[object, ...]]) -> Publication | None:
    with ledger.reading() as connection:
        row = connection.execute(wanted.limit(1)).mappings().first()
    return _publication(row) if row else None


def _publication(row: RowMapping) -> Publication:
    return Publication(**row)
