"""Rules over the counters of an endpoint: judged by stretches that have enough answers, remembered in the ledger."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from platform_assets.contract.alert_rules import ALERT_RULES, AlertRule
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.promises import Observation
from platform_assets.monitoring.rules.endpoint_measures import (
    out_of_memory,
    quantile_ms,
    slow_answers,
    variant_errors,
)
from platform_assets.monitoring.rules.finding import Measured, observation_of
from platform_assets.monitoring.slas.endpoint import ProductSeen, RoleRequests, Seen

AT = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")


def rule_named(name: str) -> AlertRule:
    return next(rule for rule in ALERT_RULES if rule.name == name)


def state(rule: AlertRule, measured: Measured | None) -> str | None:
    return None if measured is None else observation_of("churn", rule, measured).state


def seen(minutes: float, told: ProductSeen, *, has_gpu: bool = False) -> Seen:
    return Seen(at=AT + minutes * MINUTE, products={"churn": told}, has_gpu=has_gpu)


def answers(total: float, slow: float) -> ProductSeen:
    return ProductSeen(answered=total, within={0.1: total - slow, 0.2: total - slow, 0.25: total})


class Latency:
    """Looks at an endpoint that grows by a hundred answers between two looks."""

    def __init__(self, ledger: Ledger) -> None:
        """Begin with an endpoint that has answered nothing."""
        self._ledger = ledger
        self._total = self._slow = 0.0
        self.rule = rule_named("slow_answers")

    def look(self, minutes: float, *, slow: float, total: float = 100.0) -> str | None:
        self._total += total
        self._slow += slow
        told = seen(minutes, answers(self._total, self._slow))
        return state(self.rule, slow_answers(self._ledger, "churn", self.rule, told))


def test_slow_answers_break_the_rule_after_ten_minutes_and_not_before(ledger: Ledger) -> None:
    latency = Latency(ledger)
    assert latency.look(0, slow=0) == "kept"
    assert [latency.look(minute, slow=5) for minute in (1, 5, 9)] == ["at_risk"] * 3
    assert latency.look(10, slow=5) == "broken"
    assert latency.look(11, slow=0) == "kept"
    assert latency.look(12, slow=5) == "at_risk"


def test_one_answer_in_a_hundred_may_be_slow(ledger: Ledger) -> None:
    latency = Latency(ledger)
    assert [latency.look(minute, slow=1) for minute in range(15)] == ["kept"] * 15


def test_too_few_answers_are_gathered_until_there_are_enough_or_given_up(ledger: Ledger) -> None:
    latency = Latency(ledger)
    assert latency.look(0, slow=9, total=10) == "unknown"
    assert latency.look(1, slow=40, total=90) is None
    assert latency.look(2, slow=4, total=10) == "at_risk"
    assert latency.look(3, slow=4, total=10) is None
    assert latency.look(13, slow=4, total=10) == "kept"


def test_an_endpoint_that_began_anew_is_judged_by_what_it_has_answered_since(ledger: Ledger) -> None:
    rule = rule_named("slow_answers")
    slow_answers(ledger, "churn", rule, seen(0, answers(10_000, 0)))
    assert state(rule, slow_answers(ledger, "churn", rule, seen(1, answers(200, 100)))) == "at_risk"


def test_a_quantile_is_linear_within_its_bucket() -> None:
    within = {0.1: 50.0, 0.2: 90.0, 0.5: 100.0}
    assert quantile_ms(within, 100.0, 0.9) == pytest.approx(200.0)
    assert quantile_ms(within, 100.0, 0.95) == pytest.approx(350.0)
    assert quantile_ms(within, 200.0, 0.99) == 500.0  # beyond the last bound
    assert quantile_ms({}, 0.0, 0.99) == 0.0


def trial(tried: float, failed: float, control_failed: float, control: float = 1000.0) -> ProductSeen:
    roles = {"candidate": RoleRequests(tried, failed), "control": RoleRequests(control, control_failed)}
    return ProductSeen(roles=roles)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (trial(1000, 21, 10), "broken"),
        (trial(1000, 20, 10), "kept"),
        (trial(1000, 3, 0), "broken"),  # a release in force without errors counts as one that keeps its SLA
        (trial(1000, 2, 0), "kept"),
        (trial(100, 2, 0), "kept"),  # twenty times as many, by two errors
        (trial(99, 50, 0), "unknown"),
        (ProductSeen(), "unknown"),
    ],
)
def test_a_release_on_trial_with_more_than_twice_the_errors_breaks_the_rule(
    ledger: Ledger, told: ProductSeen, expected: str
) -> None:
    rule = rule_named("variant_errors")
    assert state(rule, variant_errors(ledger, "churn", rule, seen(0, told), allowed_share=0.001)) == expected


def test_a_trial_that_has_no_traffic_any_more_is_no_alarm(ledger: Ledger) -> None:
    rule, bad = rule_named("variant_errors"), trial(1000, 100, 0)
    found = [variant_errors(ledger, "churn", rule, seen(at, bad), allowed_share=0.001) for at in (0, 1, 11)]
    assert [state(rule, one) for one in found] == ["broken", None, "kept"]


def test_a_gpu_out_of_memory_is_told_for_an_hour_and_without_a_gpu_nothing_is_known(ledger: Ledger) -> None:
    rule = rule_named("gpu_out_of_memory")

    def look(minutes: float, count: float, *, has_gpu: bool = True) -> Observation:
        told = seen(minutes, ProductSeen(out_of_memory=count), has_gpu=has_gpu)
        return observation_of("churn", rule, out_of_memory(ledger, "churn", rule, told))

    assert look(0, 0, has_gpu=False).state == "unknown"
    looks = [look(minutes, count).state for minutes, count in ((0, 0), (1, 1), (60, 1), (62, 1))]
    assert looks == ["kept", "broken", "broken", "kept"]
    assert look(63, 2).facts["response"].startswith("reduce: lower `batching.max_rows`")


def test_a_warning_never_breaks_and_every_rule_says_what_to_do() -> None:
    warning = rule_named("feature_drift")
    assert observation_of("churn", warning, Measured(told="far", value=9.0)).state == "at_risk"
    assert len({rule.name for rule in ALERT_RULES}) == len(ALERT_RULES)
    for rule in ALERT_RULES:
        assert msgspec.json.decode(msgspec.json.encode(rule), type=AlertRule) == rule
        found = observation_of("churn", rule, Measured(told="why"))
        assert (found.promise, found.state, found.facts["told"]) == (f"rule_{rule.name}", "unknown", "why")
        assert rule.next_step in found.facts["response"]
