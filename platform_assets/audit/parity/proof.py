"""Proves parity on logged answers: their features joined again from the history, their scores computed from those."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from platform_assets.audit.parity.counts import SCORE, ParityCount, allowed_cells, allowed_features, count_feature
from platform_assets.audit.replay.recorded_rows import Row, read_rows
from platform_assets.audit.replay.refused import Refused
from platform_assets.audit.replay.score_stages import same_bits
from platform_assets.audit.replay.selection import SEED, Wanted, choose
from platform_assets.audit.replay.shelf import Shelf
from platform_assets.contract.product import Product
from platform_assets.features.frames import to_frame
from platform_assets.features.point_in_time import join_features
from platform_assets.inference.bundle import Bundle
from platform_assets.inference.frame import Column, Floats
from platform_assets.inference.logged_inputs import are_readable, features_of, frame_of
from platform_assets.inference.scoring import score
from platform_assets.ledger.database import open_ledger
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ANSWERS = 5_000


class ParityProof(msgspec.Struct, frozen=True, kw_only=True):
    """The parity of one product on a sample of its answers. `counts` has each stored feature, then the score.

    `skipped` answers named a release that cannot be loaded or hold what it cannot read: `platform replay` tells why.
    """

    product: str
    answers: int
    skipped: int
    counts: tuple[ParityCount, ...]

    @property
    def unexplained(self) -> int:
        """How many values differ without a declared reason."""
        return sum(count.unexplained for count in self.counts)


def prove_parity(
    settings: Settings,
    product: Product,
    *,
    since: dt.date | None = None,
    most: int = MOST_ANSWERS,
    seed: int = SEED,
) -> ParityProof:
    """Compare logged answers of the model, that read a snapshot, with the offline path as of that snapshot.

    The same seed chooses the same answers again. Raises NotMaterializedError without a history, TableUnreadableError.
    """
    shelf = Shelf(settings, open_ledger(settings.ledger_dsn))
    counts: dict[str, ParityCount] = {}
    answers = skipped = 0
    wanted = Wanted([product.name], since=since, sample=most, seed=seed, modes=("online",))
    for group in choose(settings, wanted):
        rows = [row for row in read_rows(group.table, group.filters).to_pylist() if _is_of_a_snapshot(row)]
        loaded = shelf.release(product.name, group.release_id)
        if isinstance(loaded, Refused):
            skipped += len(rows)
            continue
        fine = are_readable(loaded.bundle.product, rows) if rows else []
        readable = [row for row, is_fine in zip(rows, fine, strict=True) if is_fine]
        answers, skipped = answers + len(readable), skipped + len(rows) - len(readable)
        for count in _compare(settings, loaded.bundle, readable) if readable else ():
            counts[count.subject] = counts[count.subject].plus(count) if count.subject in counts else count
    return ParityProof(product=product.name, answers=answers, skipped=skipped, counts=tuple(counts.values()))


def _is_of_a_snapshot(row: Row) -> bool:
    return row["fallback"] == "none" and row["snapshot_id"] is not None


def _compare(settings: Settings, bundle: Bundle, rows: Sequence[Row]) -> list[ParityCount]:
    product, frame = bundle.product, frame_of(bundle.product, rows)
    online, offline = features_of(product, rows), _offline_features(settings, product, frame, rows)
    given = [[_given(row, name) for row in rows] for name in product.stored_columns]
    may = allowed_features(product)
    counts = [
        count_feature(name, then.tolist(), now.tolist(), by, is_allowed=name in may)
        for name, then, now, by in zip(product.stored_columns, online.T, offline.T, given, strict=True)
    ]
    is_given = np.array([[by is not None for by in column] for column in given]).T
    used = np.where(is_given, online, offline)
    scores = score(bundle, {**frame, **dict(zip(product.stored_columns, used.T, strict=True))}).score.tolist()
    return [*counts, _count_scores(rows, scores, allowed_cells(product, online, used))]


def _given(row: Row, name: str) -> str | None:
    """Tell who gave a feature in place of the snapshot: the caller before events."""
    if name in (row.get("sent") or ()):
        return "sent"
    return "streamed" if name in (row.get("streamed") or ()) else None


def _count_scores(rows: Sequence[Row], scores: list[float], is_allowed: list[bool]) -> ParityCount:
    differs = [not same_bits(row["score"], now) for row, now in zip(rows, scores, strict=True)]
    allowed = sum(differ and may for differ, may in zip(differs, is_allowed, strict=True))
    return ParityCount(subject=SCORE, match=len(rows) - sum(differs), mismatch=sum(differs) - allowed, allowed=allowed)


def _offline_features(settings: Settings, product: Product, frame: dict[str, Column], rows: Sequence[Row]) -> Floats:
    """Return the stored features as training and batch join them, as of the snapshot that each answer read."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    instant = pa.timestamp("us", tz="UTC")
    kinds = {field.name: field.type for field in product.request}
    asked = (*product.entity.row_keys, *(name for name in kinds if name not in product.entity.row_keys))
    examples = pa.table(
        {
            "row_id": pa.array(range(len(rows)), pa.int64()),
            "event_at": pa.array([row["as_of"] for row in rows], instant),
            **{name: _arrow(frame[name], is_instant=kinds.get(name) == "timestamp") for name in asked},
        }
    )
    joined = to_frame(product, join_features(settings, product, examples).select(list(product.stored_columns)))
    return np.column_stack([joined[name] for name in product.stored_columns])


def _arrow(column: Column, *, is_instant: bool) -> "pa.Array":
    import pyarrow as pa  # noqa: PLC0415 - as above

    if not is_instant:
        return pa.array(column, from_pandas=True)
    micros = [None if value != value else round(value * 1e6) for value in column.tolist()]  # noqa: PLR0124 - NaN
    return pa.array(micros, pa.int64()).cast(pa.timestamp("us", tz="UTC"))
