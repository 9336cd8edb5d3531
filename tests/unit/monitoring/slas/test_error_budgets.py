"""Error budgets: what a window allows, when it is spent, and how fast it goes."""

import datetime as dt
from collections.abc import Mapping

import pytest

from platform_assets.contract.slas import Objective
from platform_assets.ledger.sla_counts import Units
from platform_assets.monitoring.slas.budget import ALARMS, Budget, UnitsOf, judge

AT = dt.datetime(2026, 3, 31, 12, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
THREE_NINES = Objective(measure="error_rate", target_ratio=0.999)
Bad = Mapping[int, float]


def hourly(bad: Bad, *, per_hour: float = 1000.0, hours: int = 720) -> UnitsOf:
    """Return as many units in each of the last hours, `bad` of them in the hours that many hours ago."""

    def units_of(since: dt.datetime, until: dt.datetime) -> Units:
        assert until == AT
        ago = range(min(hours, int((AT - since) / HOUR)))
        total = per_hour * len(ago)
        return Units(total - sum(bad.get(number, 0.0) for number in ago), total)

    return units_of


def judged(bad: Bad, *, hours: int = 720, per_hour: float = 1000.0, objective: Objective = THREE_NINES) -> Budget:
    units_of = hourly(bad, per_hour=per_hour, hours=hours)
    return judge(objective, units_of, first=AT - hours * HOUR, window_days=30, at=AT)


def test_the_worked_example_of_the_page_is_what_is_computed() -> None:
    budget = judged({100: 432.0})  # 720,000 answers allow 720 errors
    assert budget.units.total == 720_000.0
    assert budget.budget == pytest.approx(720.0)
    assert budget.left == pytest.approx(0.4)
    assert budget.state == "kept"
    assert budget.value == pytest.approx(0.9994)


def test_a_budget_is_spent_beyond_its_last_unit() -> None:
    assert judged({100: 720.0}).state == "kept"
    spent = judged({100: 721.0})
    assert (spent.state, spent.left < 0.0) == ("broken", True)
    assert "the error budget is spent" in spent.told


def test_a_window_that_has_only_begun_is_extrapolated_to_its_full_length() -> None:
    first_day = judged({5: 300.0}, hours=24)
    assert first_day.budget == pytest.approx(720.0)
    assert first_day.state == "at_risk"
    assert judged({5: 721.0}, hours=24).state == "broken"


def test_few_units_are_never_judged() -> None:
    assert judged({0: 29.0}, hours=1, per_hour=29.0).state == "unknown"
    assert judged({}, hours=1, per_hour=0.0).value is None


def test_so_few_bad_units_spend_no_budget() -> None:
    def of_a_month_with_thirty_answers(bad: float) -> Budget:
        units_of = hourly({0: bad}, per_hour=30.0, hours=1)
        return judge(THREE_NINES, units_of, first=AT - 30 * DAY, window_days=30, at=AT)

    three = of_a_month_with_thirty_answers(3.0)
    assert (three.budget, three.state) == (3.0, "at_risk")
    assert of_a_month_with_thirty_answers(4.0).state == "broken"


def test_the_factors_of_a_window_of_thirty_days_are_those_of_the_workbook() -> None:
    assert [alarm.factor(30) for alarm in ALARMS] == [pytest.approx(14.4), pytest.approx(6.0), 1.0]
    assert [alarm.factor(1) for alarm in ALARMS] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ({0: 15.0}, "over 1 h"),  # 15 times as fast as it may
        (dict.fromkeys(range(6), 7.0), "over 6 h"),
        (dict.fromkeys(range(72), 1.2), "over 72 h"),
    ],
)
def test_a_budget_that_burns_fast_is_at_risk(bad: Bad, told: str) -> None:
    budget = judged(bad)
    assert budget.state == "at_risk"
    assert told in budget.told


@pytest.mark.parametrize("bad", [{0: 14.0}, dict.fromkeys(range(1, 6), 7.0), dict.fromkeys(range(6, 72), 1.2)])
def test_what_burned_and_does_so_no_more_is_kept(bad: Bad) -> None:
    assert judged(bad).state == "kept"


def test_burn_rates_are_told_by_window() -> None:
    assert judged({0: 14.0}).burn == {
        "1h": pytest.approx(14.0),
        "6h": pytest.approx(14.0 / 6.0),
        "72h": pytest.approx(14.0 / 72.0),
    }
