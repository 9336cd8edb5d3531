"""The five key figures, each a pure function of what was measured; a value of None says in words what is missing."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from platform_assets.contract.slas import Mode
from platform_assets.cost_settings import CostSettings
from platform_assets.monitoring.cost.online_use import OnlineDay
from platform_assets.monitoring.cost.runs import RunUse
from platform_assets.monitoring.cost.use import cost_of, per_thousand

FigureName = Literal["latency_p95", "reused", "parity", "drift_rate", "cost_per_thousand"]
_P95 = 0.95
_NO_ANSWERS = "no answer was counted yet"
_NO_RUNS = "no run was measured yet"


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One key figure of one mode; `over` is how many units it stands for, `told` what they are or what is missing."""

    name: FigureName
    mode: Mode
    unit: str
    value: float | None
    over: float
    told: str


class Proof(Protocol):
    """What a proof of parity found."""

    @property
    def proved_at(self) -> dt.datetime:
        """When."""

    @property
    def compared(self) -> int:
        """How many values it compared."""

    @property
    def unexplained(self) -> int:
        """How many of them differ without a declared reason."""


class Drifted(Protocol):
    """What a comparison of inputs found."""

    @property
    def window(self) -> dt.date:
        """Which day it stands for."""

    @property
    def judged(self) -> int:
        """How many features could be judged."""

    @property
    def drift_rate(self) -> float | None:
        """The share of them that drifted."""


def online_latency(day: OnlineDay | None) -> Figure:
    """Return the 95th percentile of whole requests of a day, from the counts per bound: at most the last bound."""
    if day is None or not day.answered:
        return _missing("latency_p95", "online", "ms", _NO_ANSWERS)
    value = 1000.0 * quantile_of(day.within, day.answered, _P95)
    told = f"{day.answered:,.0f} answers of {day.day}"
    return Figure(name="latency_p95", mode="online", unit="ms", value=value, over=day.answered, told=told)


def batch_latency(runs: Sequence[RunUse]) -> Figure:
    """Return the 95th percentile of the durations of batch runs: the smallest that 95 % of them keep."""
    if not runs:
        return _missing("latency_p95", "batch", "ms", _NO_RUNS)
    ordered = sorted(run.seconds for run in runs)
    value = 1000.0 * ordered[max(-(-len(ordered) * 95 // 100) - 1, 0)]
    told = f"the newest {len(runs)} batches, each as a whole"
    return Figure(name="latency_p95", mode="batch", unit="ms", value=value, over=len(runs), told=told)


def reused(day: OnlineDay | None) -> Figure:
    """Return the share of the rows of a day that needed no new score."""
    if day is None or not day.looked_up:
        return _missing("reused", "online", "share", "no row was looked up in a cache yet")
    told = f"{day.reused:,.0f} of {day.looked_up:,.0f} rows of {day.day}"
    return Figure(
        name="reused", mode="online", unit="share", value=day.reused / day.looked_up, over=day.looked_up, told=told
    )


def parity(proofs: Sequence[Proof]) -> Figure:
    """Return the share of logged online values that are those of the batch path, from the newest proof with any."""
    newest = next((one for one in reversed(proofs) if one.compared), None)
    if newest is None:
        return _missing("parity", "online", "share", "no answer was proved yet")
    told = f"{newest.compared:,} values, {newest.unexplained:,} of them differ, proved on {newest.proved_at:%Y-%m-%d}"
    value = 1.0 - newest.unexplained / newest.compared
    return Figure(name="parity", mode="online", unit="share", value=value, over=newest.compared, told=told)


def drift_rate(past: Sequence[Drifted], mode: Mode) -> Figure:
    """Return the share of the features that drift, from the newest comparison that could judge any."""
    newest = next((one for one in reversed(past) if one.drift_rate is not None), None)
    if newest is None:
        return _missing("drift_rate", mode, "share", "not measured yet")
    against = "those of the batch" if mode == "online" else "those of the training"
    told = f"{newest.judged} features of {newest.window} beside {against}"
    return Figure(name="drift_rate", mode=mode, unit="share", value=newest.drift_rate, over=newest.judged, told=told)


def online_cost(day: OnlineDay | None, prices: CostSettings) -> Figure:
    """Return what 1,000 predictions of a day cost: all that was used for them, also for those from the cache."""
    if day is None or not day.predictions:
        return _missing("cost_per_thousand", "online", prices.currency, _NO_ANSWERS)
    told = f"{day.predictions:,.0f} predictions of {day.day}, {day.cpu_seconds:,.1f} s of processor time"
    value = per_thousand(cost_of(day.use, prices), day.predictions)
    return Figure(
        name="cost_per_thousand", mode="online", unit=prices.currency, value=value, over=day.predictions, told=told
    )


def batch_cost(runs: Sequence[RunUse], currency: str) -> Figure:
    """Return what 1,000 predictions of the newest batch cost; one of another currency says nothing."""
    run = next((one for one in reversed(runs) if one.rows and one.currency == currency), None)
    if run is None:
        return _missing("cost_per_thousand", "batch", currency, _NO_RUNS)
    told = f"{run.rows:,} predictions of {run.at:%Y-%m-%d}, {run.cpu_seconds:,.1f} s of processor time"
    value = per_thousand(run.cost, run.rows)
    return Figure(name="cost_per_thousand", mode="batch", unit=currency, value=value, over=run.rows, told=told)


def cache_saved(day: OnlineDay | None, prices: CostSettings) -> float | None:
    """Return what the reused rows of a day would have cost to score, at the price of a row that was scored.

    None where nothing was looked up or nothing was scored. The time of the score counts once for each request that
    waited for it, so never more than that in which workers were busy.
    """
    if day is None or not day.looked_up or day.looked_up <= day.reused or not day.busy_seconds:
        return None
    scoring = min(day.score_seconds / day.busy_seconds, 1.0)
    return cost_of(day.use, prices) * scoring / (day.looked_up - day.reused) * day.reused


def quantile_of(within: Mapping[float, float], total: float, share: float) -> float:
    """Return a quantile from counts by upper bound, linear within a bucket; at most the last bound."""
    wanted, low, before = share * total, 0.0, 0.0
    for bound, count in sorted(within.items()):
        if count >= wanted:
            return low + (bound - low) * ((wanted - before) / (count - before) if count > before else 0.0)
        low, before = bound, count
    return low


def _missing(name: FigureName, mode: Mode, unit: str, told: str) -> Figure:
    return Figure(name=name, mode=mode, unit=unit, value=None, over=0.0, told=told)
