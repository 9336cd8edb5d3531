"""Moves accepted events from the streams of all products into one table of the lake: each exactly once."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import redis

from platform_assets.clock import from_epoch
from platform_assets.inference.durable import write_file
from platform_assets.lakehouse.log import find_commit
from platform_assets.lakehouse.publish import append_once
from platform_assets.lakehouse.read import read_table
from platform_assets.lakehouse.table import table_exists
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.drains import last_drain, record_drain
from platform_assets.online.connection import connect
from platform_assets.online.stream import read_batch, trim
from platform_assets.online.streaming.events import LoggedEvent, decode_logged
from platform_assets.online.streaming.keys import log_key
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

STRETCH = 10_000
_PARTITIONS = ("product", "event_date")


class EventsDrained(msgspec.Struct, frozen=True, kw_only=True):
    """What a drain moved: new rows, events that were in the lake already, entries that nobody can read."""

    rows: int = 0
    repeated: int = 0
    unreadable: int = 0

    def plus(self, other: "EventsDrained") -> "EventsDrained":
        """Return the sum."""
        return EventsDrained(
            rows=self.rows + other.rows,
            repeated=self.repeated + other.repeated,
            unreadable=self.unreadable + other.unreadable,
        )


def event_log_dir(settings: Settings) -> Path:
    """Return the table of all accepted events."""
    return settings.lake_dir / "events"


def has_events(client: redis.Redis, product: str) -> bool:
    """Tell whether accepted events of a product wait to be moved; raises OnlineStoreUnavailableError."""
    return bool(read_batch(client, log_key(product).decode(), "0-0", 1))


def drain_events(settings: Settings, ledger: Ledger, products: Sequence[str], *, at: dt.datetime) -> EventsDrained:
    """Move the accepted events of products into the lake and trim their streams.

    A stretch is trimmed only after it is committed and recorded. A run that dies leaves it in the stream or in the
    lake, and where it is in both the ids tell. Raises OnlineStoreUnavailableError; what was moved stays moved.
    """
    drained = EventsDrained()
    with connect(settings.online_url) as client:
        for product in products:
            drained = drained.plus(_drain(settings, ledger, client, log_key(product).decode(), at))
    return drained


def _drain(settings: Settings, ledger: Ledger, client: redis.Redis, stream: str, at: dt.datetime) -> EventsDrained:
    drained = EventsDrained()
    while True:
        # The number first: another drain that commits from now on takes it, and this one's commit is not written.
        sequence = _free_sequence(settings, ledger, stream, at)
        stretch = read_batch(client, stream, "0-0", STRETCH)
        if not stretch:
            return drained
        events = _readable(settings, stretch)
        fresh = _without_known(settings, events)
        if not _commit(settings, ledger, stream, fresh, sequence, last_id=stretch[-1][0], at=at):
            continue  # another drain was faster: look again at what it left
        trim(client, stream, stretch[-1][0])
        unreadable = len(stretch) - len(events)
        drained = drained.plus(EventsDrained(rows=len(fresh), repeated=len(events) - len(fresh), unreadable=unreadable))


def _readable(settings: Settings, stretch: Sequence[tuple[str, bytes]]) -> list[LoggedEvent]:
    """Return the events that can be read; the bytes of the others are set aside, so that one cannot stop the log."""
    events = []
    for number, (message_id, content) in enumerate(stretch):
        try:
            events.append(decode_logged(content))
        except msgspec.DecodeError:
            directory = settings.lake_dir / "events_unreadable"
            directory.mkdir(parents=True, exist_ok=True)
            write_file(directory / f"{message_id}-{number}.msgpack", content, fsync=settings.fsync)
    return events


def _without_known(settings: Settings, events: Sequence[LoggedEvent]) -> list[LoggedEvent]:
    fresh = {(event.product, event.entity, event.event_id): event for event in reversed(events)}
    if fresh and table_exists(event_log_dir(settings)):
        days = sorted({_day(event) for event in fresh.values()})
        ids = sorted({event.event_id for event in fresh.values()})
        filters = [("event_date", "in", days), ("event_id", "in", ids)]
        columns = ["product", "entity", "event_id"]
        for row in read_table(event_log_dir(settings), columns=columns, filters=filters).to_pylist():
            fresh.pop((row["product"], row["entity"], row["event_id"]), None)
    return list(fresh.values())


def _commit(
    settings: Settings,
    ledger: Ledger,
    stream: str,
    events: Sequence[LoggedEvent],
    sequence: int,
    *,
    last_id: str,
    at: dt.datetime,
) -> bool:
    if not events:
        return True
    metadata = {"last_id": last_id, "rows": str(len(events))}
    appended = append_once(
        event_log_dir(settings),
        _rows(events),
        app_id=stream,
        version=sequence,
        partition_by=_PARTITIONS,
        metadata=metadata,
        fsync=settings.fsync,
    )
    if appended.written:
        _record(ledger, stream, sequence, metadata, appended.delta_version, at)
    return appended.written


def _free_sequence(settings: Settings, ledger: Ledger, stream: str, at: dt.datetime) -> int:
    """Record commits that a run left unrecorded when it died; return the sequence that is free."""
    last = last_drain(ledger, stream)
    sequence = last.sequence + 1 if last else 1
    while commit := find_commit(event_log_dir(settings), app_id=stream, version=sequence):
        _record(ledger, stream, sequence, dict(commit.metadata), commit.delta_version, at)
        sequence += 1
    return sequence


def _record(
    ledger: Ledger, stream: str, sequence: int, metadata: dict[str, str], delta_version: int, at: dt.datetime
) -> None:
    record_drain(
        ledger,
        stream=stream,
        sequence=sequence,
        last_id=metadata["last_id"],
        rows=int(metadata["rows"]),
        delta_version=delta_version,
        drained_at=at,
    )


def _day(event: LoggedEvent) -> dt.date:
    return from_epoch(event.event_at).date()


def _rows(events: Sequence[LoggedEvent]) -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415 - heavy

    instant = pa.timestamp("us", tz="UTC")
    kinds = {"product": pa.string(), "event_date": pa.date32(), "event_id": pa.string(), "entity": pa.string()}
    kinds |= {"event_at": instant, "received_at": instant, "content": pa.binary()}
    rows = [
        {
            "product": event.product,
            "event_date": _day(event),
            "event_id": event.event_id,
            "entity": event.entity,
            "event_at": from_epoch(event.event_at),
            "received_at": from_epoch(event.received_at),
            "content": msgspec.msgpack.encode(event),
        }
        for event in events
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema(kinds))
