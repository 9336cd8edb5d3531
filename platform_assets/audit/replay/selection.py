"""Which predictions are replayed: all, or a sample that the same seed repeats and that has some of every release."""

import datetime as dt
import hashlib
import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.audit.replay.recorded_rows import partitions, read_rows
from platform_assets.contract.names import PredictionMode
from platform_assets.lakehouse.read import Condition
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

SEED = 20111209
_RANK_BYTES = 8
_Kind = tuple[str, PredictionMode, str]  # product, mode, release


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to replay: predictions of these products since a day, all of them or a sample of that many.

    Another `seed` is another sample; what is of none of the `modes` takes no share of it.
    """

    products: Sequence[str]
    since: dt.date | None = None
    sample: int | None = None
    seed: int = SEED
    modes: Sequence[PredictionMode] = ("batch", "online")


@dataclass(frozen=True, slots=True)
class Group:
    """Predictions of one release in one partition of a table; all of them where `ids` is None."""

    product: str
    release_id: str
    mode: PredictionMode
    table: Path
    partition: tuple[Condition, ...]
    ids: tuple[str, ...] | None = None

    @property
    def filters(self) -> list[Condition]:
        """What reads exactly these rows."""
        which: list[Condition] = [("prediction_id", "in", list(self.ids))] if self.ids is not None else []
        return [*self.partition, ("release_id", "=", self.release_id), *which]


def choose(settings: Settings, wanted: Wanted) -> list[Group]:
    """Return the groups of what is wanted, release by release, so that each bundle is loaded once.

    Only ids and release ids are read, one partition at a time. Raises TableUnreadableError.
    """
    groups = _groups(settings, wanted) if wanted.sample is None else _sampled(settings, wanted, wanted.sample)
    return sorted(groups, key=lambda each: (each.product, each.release_id, each.mode, str(each.partition)))


def _groups(settings: Settings, wanted: Wanted) -> Iterator[Group]:
    for part in _parts(settings, wanted):
        for release_id in part.read("release_id").column("release_id").unique().to_pylist():
            yield part.group(release_id)


def _sampled(settings: Settings, wanted: Wanted, size: int) -> Iterator[Group]:
    best: dict[_Kind, _Lowest] = {}
    parts = list(_parts(settings, wanted))
    for number, part in enumerate(parts):
        table = part.read("release_id", "prediction_id")
        for release_id, told in zip(*(table.column(name).to_pylist() for name in table.column_names), strict=True):
            best.setdefault((part.product, part.mode, release_id), _Lowest(size)).offer(
                _rank(wanted.seed, told), number, told
            )
    shares = _shares({kind: len(lowest.kept) for kind, lowest in best.items()}, size)
    for kind, lowest in best.items():
        chosen: dict[int, list[str]] = {}
        for number, told in lowest.first(shares[kind]):
            chosen.setdefault(number, []).append(told)
        for number, ids in chosen.items():
            yield parts[number].group(kind[2], tuple(sorted(ids)))


@dataclass(frozen=True, slots=True)
class _Part:
    product: str
    mode: PredictionMode
    table: Path
    partition: tuple[Condition, ...]

    def read(self, *columns: str) -> "pa.Table":
        return read_rows(self.table, self.partition, columns)

    def group(self, release_id: str, ids: tuple[str, ...] | None = None) -> Group:
        return Group(self.product, release_id, self.mode, self.table, self.partition, ids)


@dataclass(slots=True)
class _Lowest:
    """Keeps the predictions of the lowest ranks, which are a random sample of all that were offered."""

    size: int
    kept: list[tuple[int, int, str]] = field(default_factory=list)  # a heap, the highest rank first

    def offer(self, rank: int, part: int, told: str) -> None:
        if len(self.kept) < self.size:
            heapq.heappush(self.kept, (-rank, part, told))
        elif -rank > self.kept[0][0]:
            heapq.heapreplace(self.kept, (-rank, part, told))

    def first(self, count: int) -> list[tuple[int, str]]:
        return [(part, told) for _, part, told in heapq.nlargest(count, self.kept)]


def _parts(settings: Settings, wanted: Wanted) -> Iterator[_Part]:
    if "batch" in wanted.modes:
        yield from _batch_parts(settings, wanted)
    if "online" in wanted.modes:
        yield from _online_parts(settings, wanted)


def _batch_parts(settings: Settings, wanted: Wanted) -> Iterator[_Part]:
    for product in wanted.products:
        table = settings.predictions_dir / product
        for values in partitions(table):
            if wanted.since is None or values["prediction_date"] >= wanted.since:
                names = ("prediction_date", "model_version")
                yield _Part(product, "batch", table, tuple((name, "=", values[name]) for name in names))


def _online_parts(settings: Settings, wanted: Wanted) -> Iterator[_Part]:
    for values in partitions(settings.prediction_log_dir):
        is_recent = wanted.since is None or values["predicted_date"] >= wanted.since
        if values["product"] in wanted.products and is_recent:
            names = ("product", "predicted_date")
            which = tuple((name, "=", values[name]) for name in names)
            yield _Part(values["product"], "online", settings.prediction_log_dir, which)


def _shares(available: Mapping[_Kind, int], size: int) -> dict[_Kind, int]:
    """Return how many each release gets: equal shares, what a small one cannot fill going to the others."""
    shares, left = {}, size
    by_size = sorted(available, key=lambda kind: (available[kind], kind))
    for number, kind in enumerate(by_size):
        shares[kind] = min(available[kind], -(-left // (len(by_size) - number)))
        left -= shares[kind]
    return shares


def _rank(seed: int, prediction_id: str) -> int:
    told = hashlib.blake2b(f"{seed}:{prediction_id}".encode(), digest_size=_RANK_BYTES)
    return int.from_bytes(told.digest(), "big")
