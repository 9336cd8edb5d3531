"""The database under the ledger: migrations, transactions, instants."""

import datetime as dt
import multiprocessing
import sqlite3
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from platform_assets.errors import LedgerVersionError
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.drains import last_drain, record_drain
from platform_assets.ledger.incidents import Incident, get_incident, open_incident
from platform_assets.ledger.migration import MIGRATIONS, current_revision, newest_revision
from platform_assets.ledger.schema import SCHEMA

AT = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.UTC)


def drain(ledger: Ledger, sequence: int = 1, at: dt.datetime = AT) -> None:
    record_drain(ledger, stream="s", sequence=sequence, last_id=f"{sequence}-0", rows=5, delta_version=1, drained_at=at)


def incident(ledger: Ledger, promise: str, impact: dict[str, object]) -> Incident:
    made, _ = open_incident(
        ledger,
        product="p",
        promise=promise,
        subject="",
        severity="major",
        title="t",
        owner="o",
        fallback="f",
        impact=impact,
        opened_at=AT,
    )
    return made


def config(ledger: Ledger) -> tuple[Config, Ledger]:
    alembic = Config()
    alembic.set_main_option("script_location", str(MIGRATIONS))
    alembic.set_main_option("path_separator", "os")
    return alembic, ledger


def open_in_turn(dsn: str) -> str | None:
    return current_revision(open_ledger(dsn).engine)


def test_migrations_from_empty_make_exactly_the_declared_schema(ledger: Ledger) -> None:
    alembic = config(ledger)[0]
    with ledger.engine.connect() as connection:
        alembic.attributes["connection"] = connection
        command.check(alembic)


def test_every_migration_can_be_undone_and_done_again(ledger: Ledger) -> None:
    alembic = config(ledger)[0]
    with ledger.engine.begin() as connection:
        alembic.attributes["connection"] = connection
        command.downgrade(alembic, "base")
        command.upgrade(alembic, "head")
    assert current_revision(ledger.engine) == newest_revision()


def test_a_migration_forgets_the_webhooks_of_consumers_and_nothing_else(ledger: Ledger) -> None:
    reading = {"consumer": "crm", "email": "crm@example.com"}
    impacts: list[dict[str, object]] = [
        {"severity": "major", "readings": [{**reading, "webhook": "https://crm.example.com/told"}, reading]},
        {},
    ]
    made = [incident(ledger, promise, told) for promise, told in zip("ab", impacts, strict=True)]
    alembic = config(ledger)[0]
    with ledger.engine.begin() as connection:
        alembic.attributes["connection"] = connection
        command.downgrade(alembic, "0004")
        command.upgrade(alembic, "head")
    known = [get_incident(ledger, one.incident_id) for one in made]
    assert [one.impact for one in known] == [{"severity": "major", "readings": [reading, reading]}, {}]


def test_the_schema_can_be_written_for_postgresql() -> None:
    for table in SCHEMA.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]


def test_several_processes_can_open_a_new_ledger_at_once(tmp_path: Path) -> None:
    dsn = f"sqlite:///{tmp_path / 'deep' / 'ledger.db'}"
    with ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(open_in_turn, [dsn] * 3)) == [newest_revision()] * 3


def test_a_reopened_ledger_remembers(ledger: Ledger) -> None:
    drain(ledger)
    again = open_ledger(ledger.engine.url.render_as_string())
    found = last_drain(again, "s")
    assert found is not None
    assert found.drained_at == AT


def test_opening_a_current_ledger_does_not_import_alembic(ledger: Ledger) -> None:
    code = (
        "import sys\n"
        "from platform_assets.ledger.database import open_ledger\n"
        f"open_ledger({ledger.engine.url.render_as_string()!r})\n"
        "sys.exit(any(name.split('.')[0] == 'alembic' for name in sys.modules))"
    )
    project_root = Path(__file__).resolve().parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=project_root, check=False).returncode == 0


def test_a_ledger_of_newer_code_is_refused(ledger: Ledger) -> None:
    with ledger.transaction() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(LedgerVersionError, match="9999"):
        open_ledger(ledger.engine.url.render_as_string())


def test_the_file_is_write_ahead_with_foreign_keys(ledger: Ledger) -> None:
    with ledger.reading() as connection:
        assert connection.execute(text("pragma journal_mode")).scalar() == "wal"
        assert connection.execute(text("pragma foreign_keys")).scalar() == 1
        assert connection.execute(text("pragma synchronous")).scalar() == 2


def test_a_failed_transaction_leaves_nothing_of_what_joined_it(ledger: Ledger) -> None:
    def fail() -> None:
        with ledger.transaction():
            drain(ledger)
            assert last_drain(ledger, "s") is not None
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert last_drain(ledger, "s") is None


def test_readers_see_the_state_before_an_open_transaction(ledger: Ledger) -> None:
    with ledger.transaction():
        drain(ledger)
        other = open_ledger(ledger.engine.url.render_as_string())
        assert last_drain(other, "s") is None
    assert last_drain(other, "s") is not None


def test_instants_come_back_in_utc_whatever_zone_they_had(ledger: Ledger) -> None:
    drain(ledger, at=AT.astimezone(dt.timezone(dt.timedelta(hours=5))))
    found = last_drain(ledger, "s")
    assert found is not None
    assert (found.drained_at, found.drained_at.tzinfo) == (AT, dt.UTC)


def test_an_instant_without_a_zone_is_refused(ledger: Ledger) -> None:
    with pytest.raises(Exception, match="has no zone"):
        drain(ledger, at=AT.replace(tzinfo=None))


def test_a_record_cannot_point_to_what_is_not_there(ledger: Ledger) -> None:
    connection = sqlite3.connect(str(ledger.engine.url.database))
    connection.execute("pragma foreign_keys = on")
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        connection.execute("insert into live_pointers values ('churn', 'r1', 1, '2026-01-01')")
    connection.close()


def test_an_empty_database_has_no_revision(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    assert current_revision(engine) is None
    engine.dispose()
