"""The ledger on a real PostgreSQL server: the same promises as on SQLite."""

import datetime as dt
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from platform_assets.ledger.artifacts import record_artifact, walk_back
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.migration import MIGRATIONS
from platform_assets.ledger.publications import current_publication, record_publication
from platform_assets.ledger.releases import move_pointer, pointer_moves, record_release

pytest.importorskip("psycopg", reason="PostgreSQL needs the driver psycopg")
if shutil.which("initdb") is None or shutil.which("postgres") is None:
    pytest.skip("the programs initdb and postgres are not on the path", allow_module_level=True)

AT = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.UTC)
# The server refuses to run as root.
OWNER = "nobody" if os.geteuid() == 0 else None


@pytest.fixture(scope="module")
def dsn() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # Not below tmp_path: another user than ours must reach it.
    home = Path(tempfile.mkdtemp(prefix="ledger-pg-"))
    if OWNER:
        shutil.chown(home, OWNER)
    data = home / "data"
    subprocess.run(
        ["initdb", "-D", str(data), "-U", "ledger", "--auth=trust", "--no-sync"],  # noqa: S607 - found on the path
        check=True,
        user=OWNER,
        cwd=home,
        capture_output=True,
    )
    options = ["-D", str(data), "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-k", str(home), "-F"]
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(["postgres", *options], user=OWNER, cwd=home, stdout=log, stderr=log)  # noqa: S607 - found on the path
    ready = ["pg_isready", "-h", "127.0.0.1", "-p", str(port), "-t", "1"]
    while server.poll() is None and subprocess.run(ready, check=False, capture_output=True).returncode != 0:
        pass
    yield f"postgresql+psycopg://ledger@127.0.0.1:{port}/postgres"
    server.terminate()
    server.wait()
    shutil.rmtree(home)


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
