"""The ledger on a real PostgreSQL server: the same promises as on SQLite."""

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.config import Config

from platform_assets.ledger.artifacts import record_artifact, walk_back
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.migration import MIGRATIONS
from platform_assets.ledger.publications import current_publication, record_publication
from platform_assets.ledger.releases import move_pointer, pointer_moves, record_release
from platform_assets.ledger.traffic_moves import mark_shown, record_traffic_move, traffic_moves
from tests.integration.postgresql_server import PROGRAMS_ARE_HERE, postgresql_server
from tests.unit.ledger.test_traffic_moves import move as traffic_move

pytest.importorskip("psycopg", reason="PostgreSQL needs the driver psycopg")
if not PROGRAMS_ARE_HERE:
    pytest.skip("the programs initdb and postgres are not on the path", allow_module_level=True)

AT = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    with postgresql_server() as server:
        yield server.dsn


def release(ledger: Ledger, release_id: str) -> None:
    record_release(
        ledger,
        release_id=release_id,
        product="churn",
        model_version=1,
        bundle_digest="d",
        contract_version="1",
        document={"id": release_id},
        created_at=AT,
        created_by="ann",
        reason="better",
    )


def test_several_writers_can_open_a_new_server_at_once_and_get_the_declared_schema(dsn: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        ledgers = list(pool.map(open_ledger, [dsn] * 4))
    alembic = Config()
    alembic.set_main_option("script_location", str(MIGRATIONS))
    alembic.set_main_option("path_separator", "os")
    with ledgers[0].engine.connect() as connection:
        alembic.attributes["connection"] = connection
        command.check(alembic)
    for ledger in ledgers:
        ledger.engine.dispose()


def test_of_racing_pointer_moves_exactly_one_wins(dsn: str) -> None:
    ledger = open_ledger(dsn)
    for number in range(5):
        release(ledger, f"r{number}")

    def move(number: int) -> bool:
        return move_pointer(
            ledger, "churn", expected=None, release_id=f"r{number}", moved_at=AT, moved_by="ann", reason="race"
        )

    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(move, range(5))) == 1
    moves = pointer_moves(ledger, "churn")
    assert [(one.sequence, one.moved_at) for one in moves] == [(1, AT)]
    ledger.engine.dispose()


def test_racing_records_of_one_batch_and_its_artifacts_are_kept_once(dsn: str) -> None:
    ledger = open_ledger(dsn)

    def record(number: int) -> int:
        raw = record_artifact(
            ledger,
            kind="raw_file",
            name="churn",
            digest=f"{number}",
            uri="u",
            inputs=[],
            run_id="run",
            code_version="1",
            created_at=AT,
        )
        assert [one.artifact_id for one in walk_back(ledger, raw)] == [raw]
        return record_publication(
            ledger,
            product="churn",
            as_of="2011-12-09",
            model_version=1,
            revision=1,
            release_id="r1",
            row_count=3,
            digest="same",
            delta_version=1,
            published_at=AT,
            run_id="run",
        ).publication_id

    with ThreadPoolExecutor(5) as pool:
        ids = set(pool.map(record, range(5)))
    found = current_publication(ledger, "churn")
    assert found is not None
    assert ids == {found.publication_id}
    ledger.engine.dispose()


def test_a_move_of_the_traffic_that_several_record_at_once_is_there_once_and_whole(dsn: str) -> None:
    ledger = open_ledger(dsn)
    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(lambda _: record_traffic_move(ledger, traffic_move(2)), range(5))) == 1
    assert traffic_moves(ledger, "churn", unshown_only=True) == [traffic_move(2)]
    mark_shown(ledger, "churn", [2])
    assert traffic_moves(ledger, "churn", unshown_only=True) == []
    ledger.engine.dispose()
