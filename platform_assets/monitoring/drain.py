"""Moves the prediction log from the stream into the lake: each answer exactly once, whatever dies in between.

A stretch of the stream is one commit, numbered in order. It is trimmed from the stream only after it is committed and
recorded, so a run that dies anywhere leaves either the stretch in the stream or its rows in the lake, and where both
are there the prediction ids tell.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
import redis

from platform_assets.contract.names import PREDICTION_STREAM
from platform_assets.contract.prediction_log import PredictionLogEntry, decode_entry
from platform_assets.inference.durable import write_file
from platform_assets.lakehouse.grow import add_missing_columns
from platform_assets.lakehouse.log import find_commit
from platform_assets.lakehouse.publish import append_once
from platform_assets.lakehouse.read import read_table
from platform_assets.lakehouse.table import table_exists
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.drains import last_drain, record_drain
from platform_assets.monitoring.log_rows import PARTITIONS, log_rows
from platform_assets.online.connection import connect
from platform_assets.online.stream import read_batch, take_over, trim
from platform_assets.settings import Settings

STRETCH = 10_000


@dataclass(frozen=True, slots=True)
class Drained:
    """What one drain moved: rows written, entries that were there already, entries that nobody can read."""

    rows: int
    repeated: int
    unreadable: int
    spooled: int

    def as_metadata(self) -> dict[str, int]:
        """Return the counts as asset metadata."""
        return {
            "dagster/row_count": self.rows,
            "repeated": self.repeated,
            "unreadable": self.unreadable,
            "taken_from_spool": self.spooled,
        }


def drain_prediction_log(settings: Settings, ledger: Ledger, *, at: dt.datetime) -> Drained:
    """Move everything that is in the stream, and in spools of dead endpoints, into the lake and trim the stream.

    Raises OnlineStoreUnavailableError when the store is away; what was moved before stays moved.
    """
    rows = repeated = unreadable = 0
    with connect(settings.online_url) as client:
        spooled = take_over(client, PREDICTION_STREAM, settings.spool_dir)
        for sequence, stretch in _stretches(settings, ledger, client, at):
            entries = _readable(settings, stretch)
            fresh = _without_known(settings, entries)
            if not _commit(settings, ledger, fresh, sequence=sequence, last_id=stretch[-1][0], at=at):
                continue  # another drain was faster: look again at what it left
            trim(client, PREDICTION_STREAM, stretch[-1][0])
            rows += len(fresh)
            repeated += len(entries) - len(fresh)
            unreadable += len(stretch) - len(entries)
    return Drained(rows, repeated, unreadable, spooled)


def _stretches(
    settings: Settings, ledger: Ledger, client: redis.Redis, at: dt.datetime
) -> Iterator[tuple[int, list[tuple[str, bytes]]]]:
    """Yield what the stream begins with, and the number of its commit, until nothing is left."""
    while True:
        # The number first: a drain that commits while this one reads the stretch or looks for known ids takes the
        # number, so rows that the look did not see are never appended a second time.
        sequence = _record_lost_commits(settings, ledger, at)
        # Always from the beginning: what was drained is trimmed, and ids may start anew when the store was emptied.
        stretch = read_batch(client, PREDICTION_STREAM, "0-0", STRETCH)
        if not stretch:
            return
        yield sequence, stretch


def _readable(settings: Settings, stretch: Sequence[tuple[str, bytes]]) -> list[PredictionLogEntry]:
    """Return the entries that can be read; the bytes of the others are set aside, so that one cannot stop the log."""
    entries = []
    for number, (message_id, content) in enumerate(stretch):
        try:
            entries.append(decode_entry(content))
        except msgspec.DecodeError:
            directory = settings.lake_dir / "prediction_log_unreadable"
            directory.mkdir(parents=True, exist_ok=True)
            write_file(directory / f"{message_id}-{number}.msgpack", content, fsync=settings.fsync)
    return entries


def _without_known(settings: Settings, entries: Sequence[PredictionLogEntry]) -> list[PredictionLogEntry]:
    by_id = {entry.prediction_id: entry for entry in reversed(entries)}  # the first of each id stays
    if not by_id or not table_exists(settings.prediction_log_dir):
        return list(by_id.values())
    days = sorted({entry.predicted_at.date() for entry in by_id.values()})
    filters = [("predicted_date", "in", days), ("prediction_id", "in", list(by_id))]
    known = read_table(settings.prediction_log_dir, columns=["prediction_id"], filters=filters)
    for told in known.column("prediction_id").to_pylist():
        by_id.pop(told, None)
    return list(by_id.values())


def _commit(
    settings: Settings,
    ledger: Ledger,
    entries: Sequence[PredictionLogEntry],
    *,
    sequence: int,
    last_id: str,
    at: dt.datetime,
) -> bool:
    """Append the entries as the commit of this number and record it; False when another drain took that number."""
    if not entries:
        return True
    metadata, rows = {"last_id": last_id, "rows": str(len(entries))}, log_rows(entries)
    # A log that an earlier version began lacks what entries tell since then.
    add_missing_columns(settings.prediction_log_dir, rows.schema)
    appended = append_once(
        settings.prediction_log_dir,
        rows,
        app_id=PREDICTION_STREAM,
        version=sequence,
        partition_by=PARTITIONS,
        metadata=metadata,
        fsync=settings.fsync,
    )
    if appended.written:
        _record(ledger, sequence, metadata, appended.delta_version, at)
    return appended.written


def _record_lost_commits(settings: Settings, ledger: Ledger, at: dt.datetime) -> int:
    """Record commits that a run left unrecorded when it died; return the sequence that is free."""
    last = last_drain(ledger, PREDICTION_STREAM)
    sequence = last.sequence + 1 if last else 1
    while commit := find_commit(settings.prediction_log_dir, app_id=PREDICTION_STREAM, version=sequence):
        _record(ledger, sequence, dict(commit.metadata), commit.delta_version, at)
        sequence += 1
    return sequence


def _record(ledger: Ledger, sequence: int, metadata: dict[str, str], delta_version: int, at: dt.datetime) -> None:
    record_drain(
        ledger,
        stream=PREDICTION_STREAM,
        sequence=sequence,
        last_id=metadata["last_id"],
        rows=int(metadata["rows"]),
        delta_version=delta_version,
        drained_at=at,
    )
