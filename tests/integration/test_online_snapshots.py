"""Online snapshots on a real server: changed rows only, one flip, rollback, rebuild, one writer at a time."""

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest
import redis

from platform_assets.errors import SnapshotBusyError, SnapshotCorruptError, SnapshotMissingError
from platform_assets.online.connection import connect
from platform_assets.online.layout import Manifest, ViewLayout, build_manifest, lease_key, meta_key, row_prefix
from platform_assets.online.packing import entity_key
from platform_assets.online.reader import OnlineReader, read_sync
from platform_assets.online.slots import hold_lease, read_pointer
from platform_assets.online.snapshot_copy import KeySetTable, copy_path, load_copy
from platform_assets.online.snapshot_writer import (
    PHYSICAL_TTL_S,
    PublishedSnapshot,
    publish_packed,
    publish_snapshot,
    rebuild,
    rollback,
)
from platform_assets.settings import Settings

MANIFEST = build_manifest(
    "churn_v1",
    [
        ViewLayout(
            name="orders", join_keys=("customer_id",), columns=("n_orders", "revenue_gbp"), max_age_seconds=100.0
        ),
        ViewLayout(name="profile", join_keys=("customer_id",), columns=("age",)),
    ],
)


@pytest.fixture
def client(online_store: Settings) -> Iterator[redis.Redis]:
    connected = connect(online_store.online_url)
    yield connected
    connected.close()


def table(ids: list[int], numbers: list[float]) -> KeySetTable:
    values = np.repeat(np.array(numbers, dtype=np.float64)[:, None], 3, axis=1)
    return KeySetTable(key_columns=[ids], event_times=np.full((len(ids), 2), 50.0), values=values)


def publish(
    client: redis.Redis, settings: Settings, name: str, ids: list[int], numbers: list[float]
) -> PublishedSnapshot:
    return publish_snapshot(client, MANIFEST, [table(ids, numbers)], as_of=60.0, snapshot_id=name, settings=settings)


def values_of(client: redis.Redis, ids: list[int], manifest: Manifest = MANIFEST) -> list[float]:
    rows = read_sync(client, manifest.service, [[entity_key([i]) for i in ids]])
    return [float(value) for value in rows.values[0][:, 0]]


def test_a_published_row_is_read_back_with_its_event_times(client: redis.Redis, online_store: Settings) -> None:
    publish(client, online_store, "s1", [1, 2], [1.5, 2.5])
    rows = read_sync(client, "churn_v1", [["2", "9", "1"]])
    assert rows.values[0][:, 0].tolist()[0::2] == [2.5, 1.5]
    assert np.isnan(rows.values[0][1]).all()
    assert rows.found[0].tolist() == [True, False, True]
    assert rows.view_times()[0].tolist() == [50.0, 50.0]
    assert rows.pointer.snapshot_id == "s1"


def test_only_changed_rows_are_written_and_missing_ones_deleted(client: redis.Redis, online_store: Settings) -> None:
    ids = list(range(500))
    publish(client, online_store, "s1", ids, [float(i) for i in ids])
    publish(client, online_store, "s2", ids, [float(i) for i in ids])
    changed = [float(i) for i in ids[:-10]]
    changed[3], changed[7] = -3.0, -7.0
    client.config_resetstat()
    published = publish(client, online_store, "s3", ids[:-10], changed)
    row_sets = client.info("commandstats")["cmdstat_set"]["calls"]  # type: ignore[index]
    assert (published.changed, published.deleted, published.rows) == (2, 10, 490)
    assert row_sets == 2 + 5  # the rows; lease, dirty mark, manifest, ready mark, pointer
    assert values_of(client, [3, 4, 495])[:2] == [-3.0, 4.0]


def test_an_unchanged_snapshot_writes_no_row(client: redis.Redis, online_store: Settings) -> None:
    for name in ("s1", "s2", "s3"):
        published = publish(client, online_store, name, [1, 2], [1.0, float("nan")])
    assert (published.changed, published.deleted, published.was_rebuilt) == (0, 0, False)
    assert published.pointer.snapshot_id == "s3"


def test_publishing_what_is_live_already_moves_nothing(client: redis.Redis, online_store: Settings) -> None:
    first = publish(client, online_store, "s1", [1], [1.0])
    again = publish(client, online_store, "s1", [1], [1.0])
    assert again.pointer == first.pointer


def test_the_same_snapshot_id_with_other_content_is_published_in_full(
    client: redis.Redis, online_store: Settings
) -> None:
    publish(client, online_store, "s1", [1, 2], [1.0, 2.0])
    published = publish(client, online_store, "s1", [1, 2], [1.0, 9.0])
    assert published.pointer.epoch == 2
    publish(client, online_store, "s2", [1, 2], [1.0, 2.0])
    assert values_of(client, [1, 2]) == [1.0, 2.0]


def test_a_rollback_makes_the_previous_snapshot_live_under_a_new_epoch(
    client: redis.Redis, online_store: Settings
) -> None:
    publish(client, online_store, "s1", [1], [1.0])
    publish(client, online_store, "s2", [1], [2.0])
    pointer = rollback(client, "churn_v1", settings=online_store)
    assert (pointer.snapshot_id, pointer.epoch, values_of(client, [1])) == ("s1", 3, [1.0])


def test_a_rollback_without_a_complete_other_slot_is_refused(client: redis.Redis, online_store: Settings) -> None:
    publish(client, online_store, "s1", [1], [1.0])
    with pytest.raises(SnapshotMissingError, match="other slot"):
        rollback(client, "churn_v1", settings=online_store)
    assert values_of(client, [1]) == [1.0]


def test_a_deep_rollback_publishes_the_copy_of_an_older_snapshot(client: redis.Redis, online_store: Settings) -> None:
    for number in (1, 2, 3):
        publish(client, online_store, f"s{number}", [1], [float(number)])
    publish_packed(client, load_copy(copy_path(online_store.snapshots_dir, "churn_v1", "s1")), settings=online_store)
    assert values_of(client, [1]) == [1.0]


def test_what_was_live_is_rebuilt_from_its_copy_after_a_flush(client: redis.Redis, online_store: Settings) -> None:
    publish(client, online_store, "s1", [1, 2], [1.0, 2.0])
    publish(client, online_store, "s2", [1, 2], [1.0, 3.0])
    rollback(client, "churn_v1", settings=online_store)
    client.flushall()
    published = rebuild(client, "churn_v1", settings=online_store)
    assert published.was_rebuilt
    assert (published.pointer.snapshot_id, published.pointer.epoch) == ("s1", 4)
    assert values_of(client, [1, 2]) == [1.0, 2.0]


def test_rows_that_vanished_from_the_standby_slot_are_written_again(
    client: redis.Redis, online_store: Settings
) -> None:
    for name in ("s1", "s2"):
        publish(client, online_store, name, [1, 2], [1.0, 2.0])
    client.delete(row_prefix("churn_v1", "a", 0) + b"1")
    published = publish(client, online_store, "s3", [1, 2], [1.0, 2.0])
    assert published.was_rebuilt
    assert values_of(client, [1, 2]) == [1.0, 2.0]


def test_a_dirty_slot_is_cleared_of_rows_that_nobody_knows(client: redis.Redis, online_store: Settings) -> None:
    publish(client, online_store, "s1", [1], [1.0])
    client.set(row_prefix("churn_v1", "b", 0) + b"77", b"left by a crash")
    publish(client, online_store, "s2", [1], [2.0])
    assert read_sync(client, "churn_v1", [["77"]]).found[0].tolist() == [False]


def test_a_second_writer_is_refused_while_the_first_holds_the_lease(
    client: redis.Redis, online_store: Settings
) -> None:
    with (
        hold_lease(client, "churn_v1", lease_ms=60_000),
        pytest.raises(SnapshotBusyError, match="another writer"),
    ):
        publish(client, online_store, "s1", [1], [1.0])
    assert publish(client, online_store, "s1", [1], [1.0]).rows == 1


def test_a_writer_that_lost_its_lease_changes_nothing_more(client: redis.Redis) -> None:
    with hold_lease(client, "churn_v1", lease_ms=60_000) as lease:
        client.set(lease_key("churn_v1"), b"the other writer")
        with pytest.raises(SnapshotBusyError, match="ran out"):
            lease.write([b"snap:{churn_v1}:a:0:1"], [b"x"], expires_at=2**31)
    assert client.exists(b"snap:{churn_v1}:a:0:1") == 0
    assert client.get(lease_key("churn_v1")) == b"the other writer"


def test_every_key_expires_after_ninety_days_and_the_pointer_not_after_a_row(
    client: redis.Redis, online_store: Settings
) -> None:
    publish(client, online_store, "s1", [1, 2], [1.0, 2.0])
    expiries = {key: client.expiretime(key) for key in client.scan_iter()}
    assert len(expiries) == 5
    assert len(set(expiries.values())) == 1
    assert 0 < client.ttl(meta_key("churn_v1", "a")) <= PHYSICAL_TTL_S  # type: ignore[operator]


def test_rows_that_stay_are_renewed_before_they_come_near_their_end(
    client: redis.Redis, online_store: Settings
) -> None:
    publish(client, online_store, "s1", [1], [1.0])
    publish(client, online_store, "s2", [1], [1.0])
    key, meta = row_prefix("churn_v1", "a", 0) + b"1", meta_key("churn_v1", "a")
    client.expire(key, 1000)
    soon = int(client.time()[0]) + 1000  # type: ignore[index]
    stored = client.get(meta)
    assert isinstance(stored, bytes)
    before = int(stored.rpartition(b'"expires_at":')[2].rstrip(b"}"))
    client.set(meta, stored.replace(str(before).encode(), str(soon).encode()))
    published = publish(client, online_store, "s3", [1], [1.0])
    assert (published.changed, published.was_rebuilt) == (0, False)
    assert client.ttl(key) > 1000  # type: ignore[operator]


def test_a_service_with_two_join_keys_keeps_one_value_for_each(client: redis.Redis, online_store: Settings) -> None:
    manifest = build_manifest(
        "parking_v1",
        [
            ViewLayout(name="slots", join_keys=("bay", "slot"), columns=("usual_ratio",)),
            ViewLayout(name="recent", join_keys=("bay",), columns=("last_ratio", "capacity")),
        ],
    )
    slots = KeySetTable(
        key_columns=[["B1", "B1"], np.array([3.0, 4.0])],
        event_times=np.array([[10.0], [20.0]]),
        values=np.array([[0.3], [0.4]]),
    )
    recent = KeySetTable(key_columns=[["B1"]], event_times=np.array([[30.0]]), values=np.array([[0.9, 500.0]]))
    publish_snapshot(client, manifest, [slots, recent], as_of=40.0, snapshot_id="p1", settings=online_store)
    rows = read_sync(client, "parking_v1", [["B1|4", "B1|3"], ["B1", "B1"]])
    assert rows.matrix().tolist() == [[0.4, 0.9, 500.0], [0.3, 0.9, 500.0]]
    assert rows.view_times().tolist() == [[20.0, 30.0], [10.0, 30.0]]


def test_a_changed_schema_is_taken_up_by_a_reader_that_knew_the_old_one(
    client: redis.Redis, online_store: Settings
) -> None:
    wider = build_manifest(
        "churn_v1", [*MANIFEST.views, ViewLayout(name="x", join_keys=("customer_id",), columns=("y",))]
    )
    rows = KeySetTable(key_columns=[[1]], event_times=np.full((1, 3), 5.0), values=np.full((1, 4), 7.0))

    async def read_before_and_after() -> list[int]:
        async with OnlineReader(online_store.online_url, timeout_s=5.0) as reader:
            before = await reader.read("churn_v1", [["1"]])
            await asyncio.to_thread(
                publish_snapshot, client, wider, [rows], as_of=9.0, snapshot_id="s2", settings=online_store
            )
            after = await reader.read("churn_v1", [["1"]])
            return [before.matrix().shape[1], after.matrix().shape[1]]

    publish(client, online_store, "s1", [1], [1.0])
    assert asyncio.run(read_before_and_after()) == [3, 4]


def test_a_value_of_another_schema_is_never_served(client: redis.Redis, online_store: Settings) -> None:
    publish(client, online_store, "s1", [1, 2], [1.0, 2.0])
    client.set(row_prefix("churn_v1", "a", 0) + b"1", bytes(8 * 6))
    with pytest.raises(SnapshotCorruptError, match="schema"):
        read_sync(client, "churn_v1", [["1"]])
    assert values_of(client, [2]) == [2.0]


def test_reading_an_unpublished_service_says_what_is_missing(client: redis.Redis) -> None:
    with pytest.raises(SnapshotMissingError, match="nothing is published"):
        read_sync(client, "nothing_v1", [["1"]])
    assert read_pointer(client, "nothing_v1") is None
