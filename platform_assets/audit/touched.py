"""Which predictions carry what a thing was used for: rows of published batches, and answers of the endpoint."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from platform_assets.audit.batch_answers import publication_behind
from platform_assets.contract.names import PREDICTION_STREAM
from platform_assets.errors import OnlineStoreError
from platform_assets.lakehouse.read import scan_table
from platform_assets.lakehouse.table import table_exists
from platform_assets.ledger.publications import Publication
from platform_assets.online.connection import connect, store_errors
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

_KEYS = ("product", "release_id", "snapshot_id", "fallback")
_READ = (*_KEYS, "prediction_id", "as_of", "model_version", "predicted_at")


class AnswerCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many answers one release gave from one snapshot; `fallback` is "none" where the model was asked."""

    product: str
    release_id: str
    snapshot_id: str | None
    fallback: str
    answers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What answers are told by: releases and snapshots (ids), and publications with all others of their as-of."""

    releases: frozenset[str]
    snapshots: frozenset[str]
    publications: Sequence[Publication]
    rivals: Mapping[tuple[str, str, int], Sequence[Publication]]

    @property
    def is_nothing(self) -> bool:
        """Whether no answer can carry it."""
        return not (self.releases or self.snapshots or self.publications)


def count_answers(settings: Settings, touched: Touched) -> list[AnswerCount]:
    """Count the logged answers that were made from any of it, by release, snapshot and fallback."""
    counts: Counter[tuple[Any, ...]] = Counter()
    for part in _touched_parts(settings, touched):
        for row in part.group_by(list(_KEYS)).aggregate([([], "count_all")]).to_pylist():
            counts[tuple(row[name] for name in _KEYS)] += row["count_all"]
    ordered = sorted(counts.items(), key=lambda entry: tuple(str(key) for key in entry[0]))
    return [AnswerCount(**dict(zip(_KEYS, key, strict=True)), answers=number) for key, number in ordered]


def answer_ids(settings: Settings, touched: Touched) -> Iterator[str]:
    """Yield the ids of the logged answers that were made from any of it, in bounded memory."""
    for part in _touched_parts(settings, touched):
        yield from part.column("prediction_id").to_pylist()


def batch_ids(settings: Settings, publications: Sequence[Publication]) -> Iterator[str]:
    """Yield the ids of the rows of batches, withdrawn ones too, in bounded memory."""
    import pyarrow.compute as pc  # noqa: PLC0415 - heavy

    for one in publications:
        parts = scan_table(
            settings.predictions_dir / one.product,
            columns=["prediction_id"],
            partitions=[("prediction_date", "=", one.as_of), ("model_version", "=", str(one.model_version))],
            where=pc.field("batch_digest") == one.digest,
        )
        for part in parts:
            yield from part.column("prediction_id").to_pylist()


def waiting_answers(settings: Settings) -> int | None:
    """Return how many answers of any product wait in the stream and are not in the log yet; None: the store is away."""
    try:
        with connect(settings.online_url) as client, store_errors(settings.online_url):
            return int(client.xlen(PREDICTION_STREAM))
    except OnlineStoreError:
        return None


def write_ids(path: Path, ids: Iterator[str]) -> int:
    """Write one id per line and return how many; the file appears as a whole. Raises FileExistsError."""
    if path.exists():
        raise FileExistsError(path)
    partial = path.with_name(f".{path.name}.partial")
    written = 0
    try:
        with partial.open("w", encoding="utf-8") as file:
            for told in ids:
                file.write(f"{told}\n")
                written += 1
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    return written


def _touched_parts(settings: Settings, touched: Touched) -> "Iterator[pa.Table]":
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.compute as pc  # noqa: PLC0415

    if touched.is_nothing or not table_exists(settings.prediction_log_dir):
        return
    is_batch = pc.field("fallback") == "last_batch"
    releases, snapshots = (pa.array(sorted(ids), pa.string()) for ids in (touched.releases, touched.snapshots))
    live = pc.field("release_id").isin(releases) | pc.field("snapshot_id").isin(snapshots)
    versions = sorted({one.model_version for one in touched.publications})
    where = (~is_batch & live) | (is_batch & pc.field("model_version").isin(pa.array(versions, pa.int64())))
    for batch in scan_table(settings.prediction_log_dir, columns=_READ, where=where):
        part = pa.Table.from_batches([batch])
        yield part.filter(pa.array([_is_touched(row, touched) for row in _told(part)], pa.bool_()))


def _told(part: "pa.Table") -> Iterator[Mapping[str, Any]]:
    wanted = ("product", "fallback", "as_of", "model_version", "predicted_at")
    columns = [part.column(name).to_pylist() for name in wanted]
    for values in zip(*columns, strict=True):
        yield dict(zip(wanted, values, strict=True))


def _is_touched(row: Mapping[str, Any], touched: Touched) -> bool:
    """Tell whether a row counts; of an answer from the last batch, only if that very revision is meant."""
    if row["fallback"] != "last_batch":
        return True
    day = row["as_of"].astimezone(dt.UTC).date().isoformat()
    behind = publication_behind(
        touched.rivals.get((row["product"], day, row["model_version"]), ()), row["predicted_at"]
    )
    return behind is not None and any(one.publication_id == behind.publication_id for one in touched.publications)
