"""The ledger's database: opened and migrated here, one transaction at a time per writer."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.pool import NullPool

from platform_assets.errors import LedgerUnavailableError
from platform_assets.ledger.migration import bring_up_to_date

BUSY_TIMEOUT_MS = 30_000
# Any fixed number; it names the lock of this platform's writers on a PostgreSQL server.
WRITER_LOCK = 7_221_030_118


@dataclass(frozen=True)
class Ledger:
    """A migrated database of records. All functions of this package take one; it may be shared by threads."""

    engine: Engine
    _joined: ContextVar[Connection | None] = field(default_factory=lambda: ContextVar("transaction", default=None))

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Commit all that happens inside, or nothing; a transaction inside another joins it.

        There is one writer at a time from the start of its transaction, so that what it read is still true when it
        writes: SQLite's own write lock, or an advisory lock of the server. Raises LedgerUnavailableError; what the
        transaction did in the database is undone then.
        """
        outer = self._joined.get()
        if outer is not None:
            yield outer
            return
        with _telling_when_away(self.engine), self.engine.begin() as connection:
            _lock_out_other_writers(connection)
            token = self._joined.set(connection)
            try:
                yield connection
            finally:
                self._joined.reset(token)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read one consistent state without holding up writers; joins a transaction that is open.

        Raises LedgerUnavailableError.
        """
        outer = self._joined.get()
        if outer is not None:
            yield outer
            return
        with (
            _telling_when_away(self.engine),
            self.engine.connect().execution_options(ledger_reads=True) as connection,
        ):
            yield connection


def open_ledger(dsn: str) -> Ledger:
    """Return the ledger at a database URL, created and migrated when needed; several processes may do so at once.

    Cheap when the schema is current. Raises LedgerVersionError when newer code has migrated it, and
    LedgerUnavailableError.
    """
    url = make_url(dsn)
    # A connection per use: no step or sensor leaves one open behind it, and none is stale after a restart.
    engine = create_engine(url, poolclass=NullPool)
    if url.get_backend_name() == "sqlite":
        _prepare_sqlite(engine, url)
    with _telling_when_away(engine):
        bring_up_to_date(engine)
    return Ledger(engine)


@contextlib.contextmanager
def _telling_when_away(engine: Engine) -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        dsn = engine.url.render_as_string()  # without its password
        raise LedgerUnavailableError(dsn=dsn, problem=str(error.orig or error).strip()) from error


def _lock_out_other_writers(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": WRITER_LOCK})


def _prepare_sqlite(engine: Engine, url: URL) -> None:
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    event.listen(engine, "connect", _prepare_connection)
    event.listen(engine, "begin", _begin)


def _prepare_connection(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own connection
    connection.isolation_level = None  # the driver would begin on its own, too late and deferred
    for pragma in (f"busy_timeout = {BUSY_TIMEOUT_MS}", "foreign_keys = on", "synchronous = full"):
        connection.execute(f"pragma {pragma}")


def _begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get("ledger_reads", False)
    connection.exec_driver_sql("begin" if reads else "begin immediate")
