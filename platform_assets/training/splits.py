"""The split in time: what a model may learn from and what it is judged on."""

import calendar
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt

from platform_assets.clock import midnight
from platform_assets.contract.evaluation import TimeSplit
from platform_assets.contract.product import Product
from platform_assets.errors import EmptyTrainingSetError, LabelLeakError

if TYPE_CHECKING:
    import pyarrow as pa

_MONTHS = 12
_Mask = npt.NDArray[np.bool_]
_Instants = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Examples:
    """Examples of known label: those to learn from and those to be judged on. No row is in both."""

    train: "pa.Table"
    test: "pa.Table"


def as_of_grid(split: TimeSplit, *, horizon_hours: float) -> list[dt.datetime]:
    """Return the as-of instants of training and test, ascending.

    Training instants step back from the cut-off while their label window ends by it; test instants step forward from
    the cut-off over `test_days`.
    """
    last_known = midnight(split.cutoff) - dt.timedelta(hours=horizon_hours)
    before: list[dt.datetime] = []
    step = 1
    while (day := step_day(split, -step)) >= split.train_from:
        before.append(midnight(day))
        step += 1
    training = [instant for instant in reversed(before) if instant <= last_known]
    return [*training, *_test_instants(split)]


def split_at(split: TimeSplit, cutoff: dt.date) -> TimeSplit:
    """Return the same split at another cut-off."""
    return msgspec.structs.replace(split, cutoff=cutoff)


def split_examples(product: Product, table: "pa.Table", *, known_until: dt.datetime) -> Examples:
    """Return the training and the test rows of known label.

    A training row's whole label window ends by the cut-off; a test row's as-of lies in the test days and its window
    ends by `known_until`. Raises LabelLeakError when the cut-off lies after `known_until`, EmptyTrainingSetError when
    a part is empty.
    """
    cutoff = midnight(product.split.cutoff)
    if cutoff > known_until:
        raise LabelLeakError(product=product.name, cutoff=cutoff.isoformat(), latest=known_until.isoformat())
    as_of, window_end = _instants(table, "as_of"), _instants(table, "event_at") + _hours(product.label.horizon_hours)
    label = table.column("label").to_numpy().astype(np.float64)
    is_known = np.isfinite(label)
    last_test = cutoff + dt.timedelta(days=product.split.test_days)
    learns = is_known & (as_of >= _stamp(midnight(product.split.train_from))) & (as_of < _stamp(cutoff))
    learns &= window_end <= _stamp(cutoff)
    judges = is_known & (as_of >= _stamp(cutoff)) & (as_of <= _stamp(last_test)) & (window_end <= _stamp(known_until))
    return _examples(product, table, learns, judges)


def check_no_leak(product: Product, train: "pa.Table") -> None:
    """Raise LabelLeakError when the label window of a training row ends after the cut-off."""
    cutoff = midnight(product.split.cutoff)
    latest = _instants(train, "event_at").max() + _hours(product.label.horizon_hours)
    if latest > _stamp(cutoff):
        raise LabelLeakError(product=product.name, cutoff=cutoff.isoformat(), latest=f"{latest}Z")


def _examples(product: Product, table: "pa.Table", learns: _Mask, judges: _Mask) -> Examples:
    for mask, reason in (
        (learns, "no row of known label has its whole label window before the cut-off"),
        (judges, "no row of known label lies in the test days"),
    ):
        if not mask.any():
            raise EmptyTrainingSetError(product=product.name, reason=reason)
    return Examples(train=table.filter(learns), test=table.filter(judges))


def _instants(table: "pa.Table", name: str) -> _Instants:
    instants: _Instants = table.column(name).to_numpy().astype("datetime64[us]")
    return instants


def _stamp(instant: dt.datetime) -> np.datetime64:
    return np.datetime64(instant.astimezone(dt.UTC).replace(tzinfo=None), "us")


def _hours(hours: float) -> np.timedelta64:
    return np.timedelta64(dt.timedelta(hours=hours))


def _test_instants(split: TimeSplit) -> list[dt.datetime]:
    last = split.cutoff + dt.timedelta(days=split.test_days)
    days = [split.cutoff]
    while (day := step_day(split, len(days))) <= last:
        days.append(day)
    return [midnight(day) for day in days]


def step_day(split: TimeSplit, steps: int) -> dt.date:
    """Return the day that many steps from the cut-off; a month step keeps its day of the month where it exists."""
    if split.step == "day":
        return split.cutoff + dt.timedelta(days=steps)
    if split.step == "week":
        return split.cutoff + dt.timedelta(weeks=steps)
    months = split.cutoff.year * _MONTHS + split.cutoff.month - 1 + steps
    year, month = divmod(months, _MONTHS)
    last_day = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(split.cutoff.day, last_day))
