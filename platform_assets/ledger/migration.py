"""Bringing a database to the current schema: under a lock, and without Alembic when there is nothing to do."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine, inspect, text

from platform_assets.errors import LedgerVersionError

MIGRATIONS = Path(__file__).with_name("migrations")
# Any fixed number; it names the lock of this platform's migrations on a PostgreSQL server.
ADVISORY_LOCK = 7_221_030_117


def newest_revision() -> str:
    """Return the newest schema revision that this code knows: migrations are numbered files."""
    return max(path.stem.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def current_revision(engine: Engine) -> str | None:
    """Return the schema revision of a database, None when it is empty."""
    with engine.connect().execution_options(ledger_reads=True) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.execute(text("select version_num from alembic_version")).scalar()
        return found


def bring_up_to_date(engine: Engine) -> None:
    """Migrate a database to the newest revision, once, whoever else tries at the same time.

    Raises LedgerVersionError when the database is newer than this code.
    """
    newest = newest_revision()
    if _is_current(engine, newest):
        return
    with _migration_lock(engine):
        if not _is_current(engine, newest):
            _upgrade(engine)


def _is_current(engine: Engine, newest: str) -> bool:
    found = current_revision(engine)
    if found is not None and found > newest:
        raise LedgerVersionError(dsn=engine.url.render_as_string(), found=found, newest=newest)
    return found == newest


@contextlib.contextmanager
def _migration_lock(engine: Engine) -> Iterator[None]:
    if engine.dialect.name != "sqlite":
        with engine.connect() as connection:
            connection.execute(text("select pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
            try:
                yield
            finally:
                connection.execute(text("select pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
        return
    # The operating system frees this lock when its holder dies.
    with Path(f"{engine.url.database}.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _upgrade(engine: Engine) -> None:
    from alembic import command  # noqa: PLC0415 - a second of imports that only a migration needs
    from alembic.config import Config  # noqa: PLC0415 - the same

    if engine.dialect.name == "sqlite":
        _write_ahead(engine)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _write_ahead(engine: Engine) -> None:
    """Let readers and one writer work side by side; the file remembers it."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("pragma journal_mode = wal")
    finally:
        connection.close()
