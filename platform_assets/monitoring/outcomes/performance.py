"""How good the predictions of a product were, per release, variant, mode and slice, over all time and week by week."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt

from platform_assets.contract.product import Product
from platform_assets.lakehouse.read import Condition
from platform_assets.monitoring.outcomes.figures import Bin, Figure, FigureName, Sample, figures_of, reliability
from platform_assets.monitoring.outcomes.table import Mode, read_outcomes
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

WINDOW = dt.timedelta(days=7)
ALL = "all"
_MONDAY = dt.datetime(1970, 1, 5, tzinfo=dt.UTC)
_COLUMNS = (
    "mode",
    "release_id",
    "model_version",
    "variant",
    "entity_id",
    "event_at",
    "score",
    "is_valid",
    "fallback",
    "truth",
    "is_right",
    "value",
    "slices",
    "sample_share",
)


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """How good the predictions of one release were, of one mode, variant and slice, in one window of event time.

    `window_start` is None for all time, else the Monday on which the window of seven days begins. `variant` is None
    where one release answered everybody. `rows` have a score of the model and an outcome; `others` were answered by a
    fallback or without a valid score and are in no figure. `sample_share` is the smallest share of predictions that
    was looked at, 1 for all of them.
    """

    product: str
    mode: Mode
    release_id: str
    model_version: int
    variant: str | None
    slice: str
    window_start: dt.datetime | None
    rows: int
    others: int
    entities: int
    mean_score: float | None
    mean_truth: float | None
    figures: dict[FigureName, Figure]
    bins: list[Bin]
    sample_share: float


def performance(
    settings: Settings,
    product: Product,
    *,
    release_id: str | None = None,
    mode: Mode | None = None,
    known_since: dt.datetime | None = None,
    known_until: dt.datetime | None = None,
    windows: bool = True,
) -> list[Performance]:
    """Return the performance by what is in the table of outcomes; nothing where nothing was joined yet.

    Newest release first, batch before online; of each group all time, then its windows from the oldest. `known_since`
    (not included) and `known_until` narrow to labels that became known between two business instants. The same table
    gives the same figures.
    """
    where: list[Condition] = []
    where += [("release_id", "=", release_id)] if release_id is not None else []
    where += [("mode", "=", mode)] if mode is not None else []
    where += [("known_at", ">", known_since)] if known_since is not None else []
    where += [("known_at", "<=", known_until)] if known_until is not None else []
    rows = _Rows.of(read_outcomes(settings, product.name, columns=_COLUMNS, where=where))
    found: list[Performance] = []
    for group in _groups(rows):
        found += _of_group(product, rows, group, windows=windows)
    return found


def recent_sample(
    settings: Settings, product: Product, release_id: str, *, known_since: dt.datetime, known_until: dt.datetime
) -> Sample:
    """Return what a release predicted, in both modes, whose labels became known between two business instants."""
    where: list[Condition] = [
        ("release_id", "=", release_id),
        ("known_at", ">", known_since),
        ("known_at", "<=", known_until),
    ]
    rows = _Rows.of(read_outcomes(settings, product.name, columns=_COLUMNS, where=where))
    return rows.sample.at(np.flatnonzero(rows.scored))


@dataclass(frozen=True, slots=True)
class _Group:
    mode: Mode
    release_id: str
    model_version: int
    variant: str | None
    places: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Rows:
    """The table as columns; `scored` marks predictions of a model, `week` is the number of the window."""

    table: "pa.Table"
    sample: Sample
    scored: npt.NDArray[np.bool_]
    week: npt.NDArray[np.int64]
    slices: Sequence[Sequence[str]]

    @classmethod
    def of(cls, table: "pa.Table") -> "_Rows":
        score = _floats(table, "score")
        fallbacks = np.array([told == "none" for told in table.column("fallback").to_pylist()], dtype=np.bool_)
        valid = np.array([bool(told) for told in table.column("is_valid").to_pylist()], dtype=np.bool_)
        entities = np.array(table.column("entity_id").to_pylist(), dtype=object)
        week = np.array([(at - _MONDAY) // WINDOW for at in table.column("event_at").to_pylist()], dtype=np.int64)
        sample = Sample(score, _floats(table, "truth"), _floats(table, "is_right"), _floats(table, "value"), entities)
        return cls(table, sample, fallbacks & valid & np.isfinite(score), week, table.column("slices").to_pylist())


def _floats(table: "pa.Table", name: str) -> npt.NDArray[np.float64]:
    values = [np.nan if value is None else float(value) for value in table.column(name).to_pylist()]
    return np.array(values, dtype=np.float64)


def _groups(rows: _Rows) -> list[_Group]:
    names = ("mode", "release_id", "model_version", "variant")
    keys = list(zip(*(rows.table.column(name).to_pylist() for name in names), strict=True))
    places: dict[tuple[Mode, str, int, str | None], list[int]] = {}
    for place, key in enumerate(keys):
        places.setdefault(key, []).append(place)
    found = [_Group(*key, np.array(at, dtype=np.int64)) for key, at in places.items()]
    return sorted(found, key=lambda one: (-one.model_version, one.release_id, one.mode, one.variant or ""))


def _of_group(product: Product, rows: _Rows, group: _Group, *, windows: bool) -> Iterator[Performance]:
    for name in (ALL, *(part.name for part in product.slices)):
        inside = [place for place in group.places if name == ALL or name in (rows.slices[place] or ())]
        places = np.array(inside, dtype=np.int64)
        if not places.size:
            continue
        yield _measured(product, rows, group, name, places, week=None)
        for week in np.unique(rows.week[places]) if windows else ():
            yield _measured(product, rows, group, name, places[rows.week[places] == week], week=int(week))


def _measured(
    product: Product, rows: _Rows, group: _Group, name: str, places: npt.NDArray[np.int64], *, week: int | None
) -> Performance:
    scored = places[rows.scored[places]]
    sample = rows.sample.at(scored)
    shares = rows.table.column("sample_share").take(places).to_pylist()
    return Performance(
        product=product.name,
        mode=group.mode,
        release_id=group.release_id,
        model_version=group.model_version,
        variant=group.variant,
        slice=name,
        window_start=None if week is None else _MONDAY + week * WINDOW,
        rows=len(sample),
        others=len(places) - len(sample),
        entities=len(set(sample.entities.tolist())),
        mean_score=float(sample.score.mean()) if len(sample) else None,
        mean_truth=float(sample.truth.mean()) if len(sample) else None,
        figures=figures_of(product, sample),
        bins=reliability(sample) if week is None and product.score.kind != "class" else [],
        sample_share=min(shares),
    )
