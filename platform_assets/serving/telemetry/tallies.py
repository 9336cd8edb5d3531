"""Counts as plain numbers in plain dictionaries: cheap to add to, and sums over several workers are sums of these."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

import msgspec

from platform_assets.contract.latency_bounds import SECONDS
from platform_assets.serving.telemetry.metric_families import COUNTERS, GAUGES, HISTOGRAMS, Family
from platform_assets.serving.telemetry.moments import Moments, add_moments

Labels = tuple[str, ...]
Cells = dict[Labels, list[float]]
Values = dict[Labels, float]

_MANY = 64  # above so many values it is cheaper to sort them and look for the bounds among them


class Tallies(msgspec.Struct):
    """The counts of one worker: by family, then by label values. Gauges are only true at the instant `told_at`.

    A histogram's cell holds the observations per bucket, not cumulated, and their sum last. `windows` holds the moments
    of the newest features. `told_at` is on the machine's monotonic clock, which all processes share.
    """

    counters: dict[str, Values]
    histograms: dict[str, Cells]
    gauges: dict[str, Values]
    worker: str = "0"
    told_at: float = 0.0
    windows: Moments = {}

    @classmethod
    def empty(cls, worker: str = "0") -> Self:
        """Return tallies in which every family has a place and nothing is counted."""
        return cls(
            counters={family.name: {} for family in COUNTERS},
            histograms={family.name: {} for family in HISTOGRAMS},
            gauges={family.name: {} for family in GAUGES},
            worker=worker,
        )

    def continue_from(self, before: "Tallies") -> None:
        """Add what was counted before; the gauges of a past process say nothing about this one."""
        for name, values in before.counters.items():
            _add_values(self.counters.setdefault(name, {}), values)
        for name, cells in before.histograms.items():
            _add_cells(self.histograms.setdefault(name, {}), cells)


def count(values: Values, labels: Labels, amount: float = 1.0) -> None:
    """Add to one counter."""
    values[labels] = values.get(labels, 0.0) + amount


def observe(cells: Cells, labels: Labels, seconds: float) -> None:
    """Add one duration to a histogram."""
    cell = cells.get(labels) or open_cell(cells, labels)
    cell[bisect_left(SECONDS, seconds)] += 1.0
    cell[-1] += seconds


def observe_many(cells: Cells, labels: Labels, values: Sequence[float], bounds: tuple[float, ...]) -> None:
    """Add values to a histogram with bounds of its own."""
    cell = cells.get(labels) or open_cell(cells, labels, bounds)
    cell[-1] += sum(values)
    if len(values) <= _MANY:
        for value in values:
            cell[bisect_left(bounds, value)] += 1.0
        return
    ordered, before = sorted(values), 0
    for position, bound in enumerate(bounds):
        until = bisect_right(ordered, bound)
        cell[position] += until - before
        before = until
    cell[len(bounds)] += len(ordered) - before


def open_cell(cells: Cells, labels: Labels, bounds: tuple[float, ...] = SECONDS) -> list[float]:
    """Return the cell of these labels, for who adds to it often; it stays the same list."""
    # One count per bucket, one for what is above them all, then the sum.
    return cells.setdefault(labels, [0.0] * (len(bounds) + 2))


def add_all(cells: Mapping[str, list[float]], durations: Iterable[tuple[str, float]], *, times: int = 1) -> None:
    """Add durations, each of them so many times, to the cells that they name: the short way for every request."""
    for name, seconds in durations:
        cell = cells[name]
        cell[bisect_left(SECONDS, seconds)] += times
        cell[-1] += seconds * times


def total(parts: Iterable[Tallies], *, not_before: float) -> Tallies:
    """Return the sums over workers; gauges told before an instant are left out, their process may be gone."""
    whole = Tallies.empty()
    for part in parts:
        whole.continue_from(part)
        if part.told_at >= not_before:
            for family in GAUGES:
                _add_gauges(whole.gauges[family.name], family, part.gauges.get(family.name, {}))
            add_moments(whole.windows, part.windows)
    return whole


def _add_values(into: Values, values: Values) -> None:
    for labels, value in values.items():
        into[labels] = into.get(labels, 0.0) + value


def _add_cells(into: Cells, cells: Cells) -> None:
    for labels, cell in cells.items():
        whole = into.setdefault(labels, [0.0] * len(cell))  # changed in place: somebody may hold it
        whole[:] = [a + b for a, b in zip(whole, cell, strict=True)]


def _add_gauges(into: Values, family: Family, values: Values) -> None:
    for labels, value in values.items():
        into[labels] = max(into.get(labels, value), value) if family.over == "max" else into.get(labels, 0.0) + value
