"""The drain against a real store: each logged answer is in the lake exactly once, whatever died in between."""

import datetime as dt
import multiprocessing
from pathlib import Path

import msgspec
import pytest

from platform_assets.contract.names import PREDICTION_STREAM
from platform_assets.contract.prediction_log import PredictionLogEntry, encode_entry
from platform_assets.errors import OnlineStoreUnavailableError
from platform_assets.lakehouse.publish import append_once
from platform_assets.lakehouse.read import read_table, table_version
from platform_assets.lakehouse.table import table_exists
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.drains import last_drain
from platform_assets.monitoring import drain
from platform_assets.monitoring.drain import drain_prediction_log
from platform_assets.online.connection import connect
from platform_assets.online.spool import Spool
from platform_assets.online.stream import append_batch, read_batch
from platform_assets.settings import Settings
from tests.unit.serving.test_prediction_log import ENTRY

NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def ledger(online_store: Settings) -> Ledger:
    return open_ledger(online_store.ledger_dsn)


def entry(number: int) -> PredictionLogEntry:
    return msgspec.structs.replace(ENTRY, prediction_id=f"churn-20111209-o-{number:04d}", snapshot_epoch=number)


def entries(*numbers: int) -> list[bytes]:
    return [encode_entry(entry(number)) for number in numbers]


def log(settings: Settings, content: list[bytes]) -> None:
    with connect(settings.online_url) as client:
        append_batch(client, PREDICTION_STREAM, content)


def left(settings: Settings) -> int:
    with connect(settings.online_url) as client:
        return len(read_batch(client, PREDICTION_STREAM, "0-0", 100_000))


def drained_numbers(settings: Settings) -> list[int]:
    ids = read_table(settings.prediction_log_dir, columns=["prediction_id"]).column("prediction_id").to_pylist()
    return sorted(int(told.rsplit("-", 1)[1]) for told in ids)


def test_every_entry_moves_once_and_leaves_the_stream(online_store: Settings, ledger: Ledger) -> None:
    log(online_store, entries(*range(25)))
    drained = drain_prediction_log(online_store, ledger, at=NOW)
    assert (drained.rows, drained.repeated, drained.unreadable, drained.spooled) == (25, 0, 0, 0)
    assert drained_numbers(online_store) == list(range(25))
    assert left(online_store) == 0


def test_a_row_holds_what_the_endpoint_logged(online_store: Settings, ledger: Ledger) -> None:
    log(online_store, entries(7))
    drain_prediction_log(online_store, ledger, at=NOW)
    (row,) = read_table(online_store.prediction_log_dir).to_pylist()
    assert (row["score"], row["snapshot_epoch"], row["request_id"]) == (ENTRY.score, 7, ENTRY.request_id)
    assert row["row_keys"] == '{"customer_id":"13085"}'
    assert row["predicted_at"] == ENTRY.predicted_at


def test_an_entry_that_stands_in_the_stream_twice_is_one_row(online_store: Settings, ledger: Ledger) -> None:
    log(online_store, entries(1, 2, 1))
    drained = drain_prediction_log(online_store, ledger, at=NOW)
    assert (drained.rows, drained.repeated) == (2, 1)
    assert drained_numbers(online_store) == [1, 2]


def test_an_entry_that_is_appended_again_after_the_drain_is_still_one_row(
    online_store: Settings, ledger: Ledger
) -> None:
    log(online_store, entries(1, 2))
    drain_prediction_log(online_store, ledger, at=NOW)
    log(online_store, entries(2, 3))
    drained = drain_prediction_log(online_store, ledger, at=NOW)
    assert (drained.rows, drained.repeated) == (1, 1)
    assert drained_numbers(online_store) == [1, 2, 3]


def test_nothing_to_drain_writes_nothing(online_store: Settings, ledger: Ledger) -> None:
    drained = drain_prediction_log(online_store, ledger, at=NOW)
    assert drained == drain.Drained(0, 0, 0, 0)
    assert not online_store.prediction_log_dir.exists()
    assert last_drain(ledger, PREDICTION_STREAM) is None


def test_a_long_stream_is_drained_in_stretches(
    online_store: Settings, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "STRETCH", 100)
    log(online_store, entries(*range(350)))
    drain_prediction_log(online_store, ledger, at=NOW)
    last = last_drain(ledger, PREDICTION_STREAM)
    assert last is not None
    assert (last.sequence, last.rows) == (4, 50)
    assert drained_numbers(online_store) == list(range(350))


@pytest.mark.parametrize("step", ["_record", "trim"])
def test_a_drain_that_dies_after_its_commit_is_completed_by_the_next(
    online_store: Settings, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    log(online_store, entries(1, 2, 3))
    with monkeypatch.context() as patched:
        patched.setattr(drain, step, die)
        with pytest.raises(Killed):
            drain_prediction_log(online_store, ledger, at=NOW)
    assert left(online_store) == 3
    log(online_store, entries(4))
    drained = drain_prediction_log(online_store, ledger, at=NOW)
    assert (drained.rows, drained.repeated) == (1, 3)
    assert drained_numbers(online_store) == [1, 2, 3, 4]
    last = last_drain(ledger, PREDICTION_STREAM)
    assert last is not None
    assert (last.sequence, last.delta_version) == (2, table_version(online_store.prediction_log_dir))


def test_a_lost_commit_is_recorded_also_when_nothing_new_came(
    online_store: Settings, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(online_store, entries(1, 2))
    with monkeypatch.context() as patched:
        patched.setattr(drain, "_record", die)
        with pytest.raises(Killed):
            drain_prediction_log(online_store, ledger, at=NOW)
    drain_prediction_log(online_store, ledger, at=NOW)
    last = last_drain(ledger, PREDICTION_STREAM)
    assert last is not None
    assert (last.sequence, last.rows) == (1, 2)


def die(*_: object, **__: object) -> None:
    raise Killed


def test_a_drain_that_another_one_overtakes_loses_no_entry(
    online_store: Settings, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(online_store, entries(1, 2))
    waiting = [1]

    def after_another(*arguments: object, **named: object) -> object:
        if waiting:
            waiting.pop()
            # The other drain saw the first two entries only, committed them and has not recorded that yet.
            monkeypatch.setattr(drain, "read_batch", lambda *_: stretch.pop() if stretch else [])
            with monkeypatch.context() as patched:
                patched.setattr(drain, "_record", die)
                with pytest.raises(Killed):
                    drain_prediction_log(online_store, ledger, at=NOW)
            monkeypatch.setattr(drain, "read_batch", read_batch)
        return append_once(*arguments, **named)  # type: ignore[arg-type]

    with connect(online_store.online_url) as client:
        stretch = [read_batch(client, PREDICTION_STREAM, "0-0", 10)]
    log(online_store, entries(3, 4))
    monkeypatch.setattr(drain, "append_once", after_another)
    drain_prediction_log(online_store, ledger, at=NOW)
    assert drained_numbers(online_store) == [1, 2, 3, 4]
    assert left(online_store) == 0


def test_entries_that_another_drain_moves_during_the_look_for_known_ones_stay_one_row_each(
    online_store: Settings, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(online_store, entries(1, 2, 3))
    others: list[drain.Drained] = []

    def looked_too_early(table_dir: Path) -> bool:
        monkeypatch.setattr(drain, "table_exists", table_exists)
        seen = table_exists(table_dir)
        others.append(drain_prediction_log(online_store, ledger, at=NOW))
        return seen

    monkeypatch.setattr(drain, "table_exists", looked_too_early)
    drained = drain_prediction_log(online_store, ledger, at=NOW)
    assert (drained.rows, [other.rows for other in others]) == (0, [3])
    assert drained_numbers(online_store) == [1, 2, 3]
    assert left(online_store) == 0


def test_entries_that_another_drain_moves_before_the_reading_do_not_stop_the_later_ones(
    online_store: Settings, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(online_store, entries(1, 2))

    def read_after_another(*arguments: object) -> list[tuple[str, bytes]]:
        monkeypatch.setattr(drain, "read_batch", read_batch)
        drain_prediction_log(online_store, ledger, at=NOW)
        log(online_store, entries(2, 3))
        return read_batch(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(drain, "read_batch", read_after_another)
    assert drain_prediction_log(online_store, ledger, at=NOW).rows == 1
    assert drained_numbers(online_store) == [1, 2, 3]
    assert left(online_store) == 0


def test_bytes_that_nobody_can_read_are_set_aside_and_do_not_stop_the_log(
    online_store: Settings, ledger: Ledger
) -> None:
    log(online_store, [*entries(1), b"\x00 no entry", *entries(2)])
    drained = drain_prediction_log(online_store, ledger, at=NOW)
    assert (drained.rows, drained.unreadable) == (2, 1)
    aside = list((online_store.lake_dir / "prediction_log_unreadable").iterdir())
    assert [path.read_bytes() for path in aside] == [b"\x00 no entry"]
    assert left(online_store) == 0


def test_a_stream_of_unreadable_bytes_alone_is_emptied_without_a_table(online_store: Settings, ledger: Ledger) -> None:
    log(online_store, [b"?"])
    assert drain_prediction_log(online_store, ledger, at=NOW).unreadable == 1
    assert not online_store.prediction_log_dir.exists()
    assert left(online_store) == 0


def test_what_a_dead_process_left_in_its_spool_is_drained(online_store: Settings, ledger: Ledger) -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=spool_and_end, args=(online_store.spool_dir, entries(1, 2, 3))
    )
    process.start()
    process.join()
    drained = drain_prediction_log(online_store, ledger, at=NOW)
    assert (drained.rows, drained.spooled) == (3, 3)
    assert drained_numbers(online_store) == [1, 2, 3]
    assert list(online_store.spool_dir.iterdir()) == []


def spool_and_end(directory: Path, content: list[bytes]) -> None:
    Spool.create(directory, fsync=True).append(content)


def test_the_spool_of_a_living_process_stays_its_own(online_store: Settings, ledger: Ledger) -> None:
    spool = Spool.create(online_store.spool_dir, fsync=False)
    spool.append(entries(1))
    assert drain_prediction_log(online_store, ledger, at=NOW).spooled == 0
    assert spool.path.exists()
    spool.close()


def test_without_a_store_the_drain_says_so_and_writes_nothing(tmp_path: Path, own_port: int) -> None:
    settings = Settings(home=tmp_path, redis_port=own_port, fsync=False)
    with pytest.raises(OnlineStoreUnavailableError):
        drain_prediction_log(settings, open_ledger(settings.ledger_dsn), at=NOW)
    assert not settings.prediction_log_dir.exists()
