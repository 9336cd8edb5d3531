"""Error budgets and burn rates as pure arithmetic; the rules and their numbers are explained in docs/slas.md."""

import datetime as dt
from collections.abc import Callable

import msgspec

from platform_assets.contract.promises import PromiseState
from platform_assets.contract.slas import Objective
from platform_assets.ledger.sla_counts import Units

HOUR = dt.timedelta(hours=1)
# However little there was: so many bad units are within every budget.
LEAST_BUDGET = 3.0

# Good and all units between two instants.
UnitsOf = Callable[[dt.datetime, dt.datetime], Units]


class Alarm(msgspec.Struct, frozen=True):
    """One row of the multi-window rule: a share of the whole budget that may not go within the long window.

    The short window tells that it still goes on, so that an alarm ends soon after its cause.
    """

    budget_share: float
    long_hours: float
    short_hours: float

    def factor(self, window_days: int) -> float:
        """Return the burn rate that spends the share within the long window."""
        return max(self.budget_share * window_days * 24.0 / self.long_hours, 1.0)


# The rows of table 5-8 of the SRE workbook: 14.4, 6 and 1 for a window of 30 days. Counts are by the hour, which is
# therefore the shortest window.
ALARMS = (
    Alarm(budget_share=0.02, long_hours=1.0, short_hours=1.0),
    Alarm(budget_share=0.05, long_hours=6.0, short_hours=1.0),
    Alarm(budget_share=0.10, long_hours=72.0, short_hours=6.0),
)
BURN_HOURS = (1.0, 6.0, 72.0)


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of the bad units that a window allows, and how fast they go.

    `budget` is in units, `left` a share of it, negative when more was spent. `burn` holds the burn rate by hours: at 1
    the budget lasts exactly for the window. `value` is the share of good units, None without any.
    """

    state: PromiseState
    told: str
    units: Units
    budget: float
    left: float
    burn: dict[str, float]

    @property
    def value(self) -> float | None:
        """The share of good units."""
        return self.units.good / self.units.total if self.units.total else None


def judge(
    objective: Objective, units_of: UnitsOf, *, first: dt.datetime | None, window_days: int, at: dt.datetime
) -> Budget:
    """Return the budget of an objective at an instant; `first` is when the first unit of the window was.

    A window that has only begun is extrapolated to its full length, so that a short outage of the first day spends what
    it would spend of a month.
    """
    window = dt.timedelta(days=window_days)
    units, allowed = units_of(at - window, at), 1.0 - objective.target_ratio
    elapsed = min(max((at - first) / window, HOUR / window), 1.0) if first else 1.0
    budget = max(allowed * units.total / elapsed, LEAST_BUDGET)
    recent = {hours: units_of(at - hours * HOUR, at) for hours in BURN_HOURS}
    burn = {hours: seen.bad_share / allowed for hours, seen in recent.items()}
    left = 1.0 - units.bad / budget
    state, told = _state(objective, units, left)
    if state == "kept" and (alarm := _alarm(burn, recent, window_days)):
        state, told = "at_risk", _burning(alarm, burn)
    return Budget(
        state=state,
        told=told,
        units=units,
        budget=budget,
        left=left,
        burn={f"{hours:g}h": rate for hours, rate in burn.items()},
    )


def _state(objective: Objective, units: Units, left: float) -> tuple[PromiseState, str]:
    counted = f"{units.total:,.0f} units, {units.bad:,.0f} of them bad"
    if units.total < objective.min_units:
        return "unknown", f"{counted}: fewer than {objective.min_units}, nothing is judged"
    if left < 0.0:
        return "broken", f"{counted}: the error budget is spent"
    return "kept", f"{counted}: {left:.0%} of the error budget is left"


def _alarm(burn: dict[float, float], recent: dict[float, Units], window_days: int) -> Alarm | None:
    for alarm in ALARMS:
        factor = alarm.factor(window_days)
        is_enough = recent[alarm.long_hours].bad >= LEAST_BUDGET
        if is_enough and burn[alarm.long_hours] >= factor and burn[alarm.short_hours] >= factor:
            return alarm
    return None


def _burning(alarm: Alarm, burn: dict[float, float]) -> str:
    rate = burn[alarm.long_hours]
    return f"over {alarm.long_hours:g} h the error budget burns {rate:.1f} times as fast as it may"
