"""What lies in the table, in the ledger and before consumers after a kill, and what of it must never be."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from platform_assets.batch.published_view import read_publication
from platform_assets.contract.names import last_batch_service
from platform_assets.contract.product import Product
from platform_assets.errors import NotMaterializedError, SnapshotMissingError
from platform_assets.lakehouse.read import read_table
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.publications import Publication, current_publication, publications
from platform_assets.online.connection import connect
from platform_assets.online.reader import read_sync
from platform_assets.settings import Settings
from tests.faults.daily_batches import NAMES, Order

Channel = Literal["table", "file", "endpoint"]
Place = Literal[
    "before the commit", "committed, not recorded", "recorded, file not yet", "file written, last batch not yet", "done"
]
_SHORT = 16  # characters of a digest that name a batch in the online store


class Seen(NamedTuple):
    """One version as a consumer sees it: which batch it says it is, how many rows, and a digest of all scores."""

    batch: str
    rows: int
    content: str


def look(settings: Settings, ledger: Ledger, product: Product, channel: Channel) -> Seen | None:
    """Return what a channel shows now, None before the first batch; a mixed version names several batches."""
    try:
        if channel == "table":
            publication = current_publication(ledger, product.name)
            return _of_rows(read_publication(settings, product, publication)) if publication else None
        if channel == "file":
            # Opened once: given a path, pyarrow opens it a second time for the rows, and may find the next file there.
            with (settings.published_dir / f"{product.name}.parquet").open("rb") as file:
                return _of_rows(pq.read_table(file))
        return _of_store(settings, product)
    except (NotMaterializedError, FileNotFoundError, SnapshotMissingError):
        return None


def _of_rows(rows: pa.Table) -> Seen:
    batches = sorted({str(digest)[:_SHORT] for digest in rows.column("batch_digest").to_pylist()})
    return Seen("+".join(batches), rows.num_rows, _content(rows))


def _of_store(settings: Settings, product: Product) -> Seen:
    with connect(settings.online_url) as client:
        read = read_sync(client, last_batch_service(product.name), [list(NAMES)])
    columns = read.matrix()
    batch = read.pointer.snapshot_id if set(columns[:, 2].tolist()) == {read.pointer.as_of} else "rows of several days"
    return Seen(batch, int(read.found[0].sum()), _digest_of(columns[:, 0]))


def _content(rows: pa.Table) -> str:
    scores = dict(zip(rows.column("row_key").to_pylist(), rows.column("score").to_pylist(), strict=True))
    return _digest_of(np.array([scores.get(name, np.nan) for name in NAMES], dtype=np.float64))


def _digest_of(scores: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(scores, dtype="<f8").tobytes()).hexdigest()[:_SHORT]


@dataclass(frozen=True)
class State:
    """All batches that were committed, what the ledger says of them, and what the three channels show."""

    committed: dict[str, list[Seen]]
    recorded: list[Publication]
    shown: dict[Channel, Seen | None]
    repeated_ids: int

    @classmethod
    def of(cls, order: Order) -> "State":
        settings, product, _ = order
        ledger = open_ledger(settings.ledger_dsn)
        committed: dict[str, list[Seen]] = {}
        repeated = 0
        for day, rows in _batches(settings, product):
            committed.setdefault(day, []).append(_of_rows(rows))
            repeated += rows.num_rows - len(set(rows.column("prediction_id").to_pylist()))
        channels: tuple[Channel, ...] = ("table", "file", "endpoint")
        shown = {channel: look(settings, ledger, product, channel) for channel in channels}
        return cls(committed, publications(ledger, product.name), shown, repeated)

    def known(self) -> dict[str, Seen]:
        """Return every committed batch by its short digest."""
        return {seen.batch: seen for batches in self.committed.values() for seen in batches}

    def problems(self, acknowledged: set[str]) -> Iterator[str]:
        """Yield what must never be: partial, duplicate or lost rows, also before consumers."""
        known = self.known()
        for seen in known.values():
            if seen.rows != len(NAMES):
                yield f"batch {seen.batch} is partial or doubled: {seen.rows} rows"
        if self.repeated_ids:
            yield f"{self.repeated_ids} predictions are there twice"
        digests = Counter(one.digest[:_SHORT] for one in self.recorded)
        yield from (f"batch {batch} is recorded {n} times" for batch, n in digests.items() if n > 1)
        yield from (f"batch {batch} is recorded and not committed" for batch in digests.keys() - known.keys())
        yield from (f"batch {batch} was acknowledged and is lost" for batch in acknowledged - digests.keys())
        if len(known) - len(digests) > 1:
            yield f"{len(known) - len(digests)} commits are not recorded"
        for channel, shown in self.shown.items():
            if shown is not None and (shown.batch not in digests or shown != known.get(shown.batch)):
                yield f"the {channel} shows {shown}"

    def place(self, order: Order) -> Place:
        """Return how far the batch of an order has come."""
        day, wanted = order.as_of.date().isoformat(), order.number % 2 + 1
        recorded = [one.digest[:_SHORT] for one in self.recorded if one.as_of == day]
        if len(self.committed.get(day, [])) < wanted:
            return "before the commit"
        if len(recorded) < wanted:
            return "committed, not recorded"
        file, endpoint = self.shown["file"], self.shown["endpoint"]
        if file is None or file.batch != recorded[-1]:
            return "recorded, file not yet"
        return "done" if endpoint and endpoint.batch == recorded[-1] else "file written, last batch not yet"


def _batches(settings: Settings, product: Product) -> Iterator[tuple[str, pa.Table]]:
    columns = ["prediction_date", "batch_digest", "row_key", "score", "prediction_id"]
    try:
        rows = read_table(settings.predictions_dir / product.name, columns=columns)
    except NotMaterializedError:
        return
    order = rows.sort_by([("prediction_date", "ascending"), ("batch_digest", "ascending")])
    names = order.column("batch_digest").to_numpy(zero_copy_only=False)
    starts = [0, *(np.flatnonzero(names[1:] != names[:-1]) + 1).tolist(), len(names)] if len(names) else []
    for start, end in pairwise(starts):
        part = order.slice(start, end - start)
        yield part.column("prediction_date")[0].as_py().isoformat(), part
