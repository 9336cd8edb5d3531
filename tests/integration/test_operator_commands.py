"""`platform quarantine`, `predictions` and `lake` on real tables, a real ledger and a real online store."""

import json
import os
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

from platform_assets.batch.consumers import follow_publication
from platform_assets.contract.names import last_batch_service
from platform_assets.online.connection import connect
from platform_assets.online.slots import read_pointer
from platform_assets.settings import Settings
from tests.conftest import free_port
from tests.integration.operator_line import OperatorLine
from tests.unit.batch.batch_home import AS_OF, CUSTOMERS, WALL, BatchHome, make_home

DAY = AS_OF.date().isoformat()
WHY = ("--reason", "the shop was closed", "--json")


@pytest.fixture
def home(online_store: Settings, tmp_path: Path) -> BatchHome:
    return make_home(tmp_path, settings=online_store)


@pytest.fixture
def platform(home: BatchHome) -> OperatorLine:
    return OperatorLine(home.settings, free_port())


def refuse(home: BatchHome) -> None:
    strict = msgspec.structs.replace(home.product.guardrails, min_rows=len(CUSTOMERS) + 1)
    BatchHome(home.settings, home.ledger, msgspec.structs.replace(home.product, guardrails=strict)).run()


def publish_two_revisions(home: BatchHome) -> None:
    home.run()
    day = AS_OF.replace(day=AS_OF.day - 1)
    home.write_features(dict.fromkeys(CUSTOMERS, 7.5), day=day, known_at=day.replace(hour=12))
    home.run(run_id="run-2")
    follow_publication(home.settings, home.ledger, home.product, at=WALL)


def consumers_read(home: BatchHome) -> set[str]:
    """Return the runs whose rows the published file holds."""
    return set(pq.read_table(home.settings.published_dir / "churn.parquet").column("run_id").to_pylist())


def online_batch(home: BatchHome) -> str | None:
    with connect(home.settings.online_url) as client:
        pointer = read_pointer(client, last_batch_service("churn"))
    return pointer.snapshot_id if pointer else None


def test_a_refused_batch_is_shown_with_its_numbers_released_once_and_read_by_consumers(
    home: BatchHome, platform: OperatorLine
) -> None:
    refuse(home)
    (line,) = platform("quarantine", "list", "--json").told
    number = str(line["quarantine_id"])
    assert (line["state"], line["rows"], line["guardrails"]) == ("waiting", len(CUSTOMERS), ["row_count"])
    details = platform("quarantine", "show", number, "--json").told
    assert str(len(CUSTOMERS)) in str(details["reasons"][0])
    assert Path(details["line"]["path"]).is_dir()
    assert "row_count" in platform("quarantine", "show", number).stdout

    released = platform("quarantine", "release", number, *WHY)
    assert released.code == 0, released.stderr
    record = released.told["released"]["published"]["record"]
    assert (consumers_read(home), record["revision"]) == ({"run-1"}, 1)  # the rows as they were scored
    assert online_batch(home) == record["digest"][:16]
    assert platform("quarantine", "release", number, *WHY).error == "already_decided"
    again = platform("quarantine", "drop", number, *WHY)
    assert "released by ann" in again.told["error"]["message"]
    assert platform("quarantine", "show", number, "--json").told["decision"]["reason"] == "the shop was closed"


def test_two_operators_at_once_decide_once_and_the_other_one_is_told(home: BatchHome, platform: OperatorLine) -> None:
    refuse(home)
    started = [platform.start("quarantine", verb, "1", "--by", verb, *WHY) for verb in ("release", "drop")]
    ended = [(process.communicate(timeout=120)[0], process.returncode) for process in started]
    assert sorted(code for _, code in ended) == [0, 1]
    (loser,) = [json.loads(stdout) for stdout, code in ended if code == 1]
    assert loser["error"]["code"] == "already_decided"
    (state,) = {line["state"] for line in platform("quarantine", "list", "--json").told}
    assert f"{state} by {'release' if state == 'released' else 'drop'} at" in loser["error"]["message"]


def test_a_withdrawn_batch_leaves_file_and_endpoint_with_the_one_before(
    home: BatchHome, platform: OperatorLine
) -> None:
    publish_two_revisions(home)
    after_second = online_batch(home)
    assert consumers_read(home) == {"run-2"}

    done = platform("predictions", "withdraw", "churn", "--as-of", DAY, *WHY)
    assert done.code == 0, done.stderr
    assert done.told["withdrawal"]["shown"]["revision"] == 1
    assert done.told["consumers"]["view"]["age"]["hours"] >= 0
    assert consumers_read(home) == {"run-1"}
    assert online_batch(home) == done.told["withdrawal"]["shown"]["digest"][:16] != after_second
    states = [one["state"] for one in platform("predictions", "list", "churn", "--json").told]
    assert states == ["published", "withdrawn"]
    assert platform("predictions", "withdraw", "churn", "--as-of", DAY, *WHY).error == "already_decided"
    last = ("predictions", "withdraw", "churn", "--as-of", DAY, "--publication", "1", *WHY)
    assert platform(*last).error == "nothing_before"


def test_an_operator_killed_after_the_withdrawal_is_completed_by_the_next_one(
    home: BatchHome, platform: OperatorLine
) -> None:
    publish_two_revisions(home)
    view = home.settings.published_dir / "churn.parquet"
    before = view.read_bytes()
    platform("predictions", "withdraw", "churn", "--as-of", DAY, *WHY)
    view.write_bytes(before)  # as if the process had ended before it wrote the file
    assert platform("predictions", "withdraw", "churn", "--as-of", DAY, *WHY).error == "already_decided"
    assert consumers_read(home) == {"run-1"}


def test_what_was_left_behind_is_listed_and_deleted_only_when_asked(home: BatchHome, platform: OperatorLine) -> None:
    home.run()
    follow_publication(home.settings, home.ledger, home.product, at=WALL)
    (kept,) = (home.settings.predictions_dir / "churn").rglob("part-*.parquet")
    orphan, young = kept.with_name("part-orphan.parquet"), kept.with_name("part-young.parquet")
    for path in (orphan, young):
        path.write_bytes(kept.read_bytes())
    begun = home.settings.quarantine_dir / "churn" / "0a1b.77.tmp"
    begun.mkdir(parents=True)
    (begun / "rows.parquet").write_bytes(b"PAR1")
    for path in (orphan, kept, home.settings.published_dir / "churn.parquet", begun):
        os.utime(path, (0, 0))

    dry = platform("lake", "clean", "--json")
    assert [(Path(each["path"]), each["size_bytes"]) for each in dry.told["leftovers"]] == [
        (orphan, kept.stat().st_size),
        (begun, 4),
    ]
    assert (dry.told["was_deleted"], orphan.exists()) == (False, True)
    assert platform("lake", "clean", "--apply", "--json").told["was_deleted"] is True
    assert [orphan.exists(), begun.exists(), young.exists(), kept.exists()] == [False, False, True, True]
    assert consumers_read(home) == {"run-1"}
    assert platform("lake", "clean", "--json").told["leftovers"] == []
