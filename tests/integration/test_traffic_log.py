"""The assignment of an answer on its way into the log table, also in a home whose table an earlier version began."""

import datetime as dt

import msgspec
import pytest

from platform_assets.contract.names import PREDICTION_STREAM
from platform_assets.contract.prediction_log import PredictionLogEntry, encode_entry
from platform_assets.lakehouse.publish import append_once
from platform_assets.lakehouse.read import read_table
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.drains import last_drain, record_drain
from platform_assets.monitoring.drain import drain_prediction_log
from platform_assets.monitoring.log_rows import PARTITIONS, log_rows
from platform_assets.online.connection import connect
from platform_assets.online.stream import append_batch
from platform_assets.settings import Settings
from tests.unit.serving.test_prediction_log import ENTRY

NOW = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
SINCE = ["experiment_id", "variant", "chosen", "unit"]


@pytest.fixture
def ledger(online_store: Settings) -> Ledger:
    return open_ledger(online_store.ledger_dsn)


def entry(number: int, **changes: object) -> PredictionLogEntry:
    return msgspec.structs.replace(ENTRY, prediction_id=f"churn-20111209-o-{number:04d}", **changes)


def drain(settings: Settings, ledger: Ledger, *entries: bytes) -> list[tuple[object, ...]]:
    with connect(settings.online_url) as client:
        append_batch(client, PREDICTION_STREAM, list(entries))
    drain_prediction_log(settings, ledger, at=NOW)
    rows = read_table(settings.prediction_log_dir).sort_by("prediction_id").to_pylist()
    return [tuple(row[name] for name in SINCE) for row in rows]


def begin_as_before(settings: Settings, ledger: Ledger) -> None:
    """Leave a log as a version before rollouts left it: one drained row, without the columns of an assignment."""
    rows = log_rows([entry(1)]).drop_columns(SINCE)
    metadata = {"last_id": "1-1", "rows": "1"}
    appended = append_once(
        settings.prediction_log_dir,
        rows,
        app_id=PREDICTION_STREAM,
        version=1,
        partition_by=PARTITIONS,
        metadata=metadata,
        fsync=False,
    )
    record_drain(
        ledger,
        stream=PREDICTION_STREAM,
        sequence=1,
        last_id="1-1",
        rows=1,
        delta_version=appended.delta_version,
        drained_at=NOW,
    )


def test_a_row_tells_of_which_rollout_it_is_which_variant_and_how_that_was_chosen(
    online_store: Settings, ledger: Ledger
) -> None:
    assigned = entry(1, experiment_id="churn-b-2", variant="candidate", chosen="unit", unit="d1")
    assert drain(online_store, ledger, encode_entry(assigned), encode_entry(entry(2))) == [
        ("churn-b-2", "candidate", "unit", "d1"),
        (None, None, None, None),
    ]


def test_a_table_of_an_earlier_version_gets_the_columns_and_keeps_its_rows(
    online_store: Settings, ledger: Ledger
) -> None:
    begin_as_before(online_store, ledger)
    assigned = entry(2, experiment_id="churn-b-2", variant="control", chosen="request")
    assert drain(online_store, ledger, encode_entry(assigned)) == [
        (None, None, None, None),
        ("churn-b-2", "control", "request", None),
    ]
    last = last_drain(ledger, PREDICTION_STREAM)
    assert last is not None
    assert (last.sequence, last.rows) == (2, 1)


def test_entries_that_an_earlier_endpoint_wrote_are_drained_beside_new_ones(
    online_store: Settings, ledger: Ledger
) -> None:
    fields = msgspec.msgpack.decode(encode_entry(entry(1)))
    earlier = msgspec.msgpack.encode({name: value for name, value in fields.items() if name not in SINCE})
    new = encode_entry(entry(2, experiment_id="e", variant="a", chosen="override"))
    assert drain(online_store, ledger, earlier, new) == [(None, None, None, None), ("e", "a", "override", None)]
