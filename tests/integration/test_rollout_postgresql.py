"""PostgreSQL as the ledger, stopped in the middle of a rollout: nothing is promoted, a person still takes it out."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from platform_assets.errors import LedgerUnavailableError
from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.ledger.schema import SCHEMA
from platform_assets.ledger.traffic_moves import traffic_moves
from platform_assets.orchestration.rollout_by_hand import Hand, end_by_hand
from tests.integration.postgresql_server import PROGRAMS_ARE_HERE, PostgresqlServer, postgresql_server
from tests.integration.rollout_home import BEGUN_AT, PRODUCT, RolloutHome
from tests.unit.registry.registry_home import small_product

pytest.importorskip("psycopg", reason="PostgreSQL needs the driver psycopg")
if not PROGRAMS_ARE_HERE:
    pytest.skip("the programs initdb and postgres are not on the path", allow_module_level=True)


@pytest.fixture
def server() -> Iterator[PostgresqlServer]:
    with postgresql_server() as running:
        yield running


@pytest.fixture
def home(rollout_home: RolloutHome, server: PostgresqlServer) -> RolloutHome:
    """Return the home with all its records in PostgreSQL."""
    target = open_ledger(server.dsn)
    with rollout_home.ledger.reading() as source, target.transaction() as into:
        for table in SCHEMA.sorted_tables:
            rows = [dict(row) for row in source.execute(table.select()).mappings()]
            if rows:
                into.execute(table.insert(), rows)
    target.engine.dispose()
    return replace(rollout_home, settings=replace(rollout_home.settings, ledger_url=server.dsn))


def test_a_rollout_goes_on_over_postgresql_and_its_moves_are_there(home: RolloutHome) -> None:
    home.tell()
    home.step(hours=1.0)
    assert home.state == (1, "canary")
    assert [move.kind for move in traffic_moves(home.ledger, PRODUCT)][1:] == ["rollout_begun", "rollout_advanced"]


def test_stopped_postgresql_stops_the_promotion_alone_and_it_goes_on_after_the_start(
    home: RolloutHome, server: PostgresqlServer
) -> None:
    home.tell()
    server.stop()
    with pytest.raises(LedgerUnavailableError, match="does not answer"):
        home.step(hours=1.0)
    assert home.state == (1, "shadow")
    server.start()
    home.step(hours=1.0)
    assert home.state == (1, "canary")


def test_a_person_takes_a_release_out_without_postgresql_and_it_is_recorded_later(
    home: RolloutHome, server: PostgresqlServer
) -> None:
    server.stop()
    run = RunFacts("command", BEGUN_AT, "c" * 16)
    mandate = Mandate(by="ann", at=BEGUN_AT, reason="complaints")
    moved = end_by_hand(Hand(home.settings, small_product(), mandate, run))
    assert home.state == (1, None)
    assert "does not answer" in (moved.records_problem or "")
    server.start()
    home.step()
    last = traffic_moves(home.ledger, PRODUCT)[-1]
    assert (last.kind, last.moved_by, last.reason) == ("rollout_ended", "ann", "complaints")
