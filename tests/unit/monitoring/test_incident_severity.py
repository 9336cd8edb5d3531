"""The severity of a breach follows from who is hurt: a table of cases, and who counts as hurt when."""

import datetime as dt
import json

import pytest

from platform_assets.contract.consumers import Importance
from platform_assets.contract.product import Product
from platform_assets.ledger.incidents import Severity
from platform_assets.monitoring.incidents.impact import Impact, Readers, impact_of
from platform_assets.monitoring.incidents.severity import Exposure, Hurt, severity_of
from tests.unit.monitoring.incident_samples import ACTING, AT, PRODUCT, reader

SUNDAYS, MONDAYS = "0 6 * * 0", "0 6 * * 1"


@pytest.mark.parametrize(
    ("importance", "exposure", "is_spared", "severity"),
    [
        ("low", "now", False, "minor"),
        ("low", "later", False, "minor"),
        ("normal", "now", False, "major"),
        ("normal", "later", False, "minor"),
        ("high", "now", False, "severe"),
        ("high", "later", False, "major"),
        ("low", "now", True, "minor"),
        ("normal", "now", True, "minor"),
        ("high", "now", True, "major"),
        ("high", "later", True, "minor"),
    ],
)
def test_severity_follows_from_importance_nearness_and_what_is_still_sound(
    importance: Importance, exposure: Exposure, severity: Severity, *, is_spared: bool
) -> None:
    hurt = [Hurt(importance=importance, exposure=exposure)]
    assert severity_of(hurt, is_spared=is_spared, has_suspended_actions=False) == severity


def test_a_breach_that_hurts_nobody_outside_is_minor() -> None:
    assert severity_of([], is_spared=False, has_suspended_actions=False) == "minor"


def test_the_worst_hurt_reading_decides() -> None:
    hurt = [Hurt(importance="low", exposure="now"), Hurt(importance="high", exposure="now")]
    assert severity_of(hurt, is_spared=False, has_suspended_actions=False) == "severe"


def test_suspended_actions_make_a_breach_major_at_least() -> None:
    assert severity_of([], is_spared=False, has_suspended_actions=True) == "major"


def impact(
    readers: Readers,
    *,
    promise: str = "data_age",
    subject: str = "",
    product: Product = PRODUCT,
    since: dt.datetime = AT,
    at: dt.datetime = AT,
) -> Impact:
    return impact_of(product, promise, subject, since=since, at=at, readers=readers)


def test_a_reader_at_any_time_is_hurt_at_once_and_told_apart_by_way() -> None:
    found = impact(reader("high"))
    assert (found.severity, found.readings[0].way, found.readings[0].next_at) == ("severe", "table", None)


def test_an_impact_holds_no_webhook_because_its_address_is_a_secret() -> None:
    found = impact(reader("high"))
    assert found.as_record()["readings"][0]["email"] == "crm@example.com"
    assert "https://crm.example.com/told" not in json.dumps(found.as_record(), default=str)


def test_a_scheduled_reader_is_hurt_later_until_a_day_before_the_reading() -> None:
    on_wednesday = impact(reader("high", at_cron=SUNDAYS))
    assert (on_wednesday.severity, on_wednesday.readings[0].next_at) == (
        "major",
        dt.datetime(2026, 3, 8, 6, tzinfo=dt.UTC),
    )
    on_saturday = impact(reader("high", at_cron=SUNDAYS), at=AT + dt.timedelta(days=3))
    assert on_saturday.severity == "severe"


def test_a_reading_that_was_missed_hurts_for_as_long_as_the_breach_lasts() -> None:
    found = impact(reader("high", at_cron=SUNDAYS), at=AT + dt.timedelta(days=5))
    assert (found.readings[0].exposure, found.severity) == ("now", "severe")


@pytest.mark.parametrize(
    ("promise", "subject", "hurt"),
    [
        ("data_age", "", False),
        ("snapshot_age", "", True),
        ("rollout", "", True),
        ("sla_latency", "online", True),
        ("sla_freshness", "batch", False),
        ("rule_latency", "", True),
        ("runs", "online", True),
        ("runs", "watch of slas", False),
        ("a promise that nobody knows", "", True),
    ],
)
def test_a_reader_of_the_other_output_is_not_hurt(promise: str, subject: str, *, hurt: bool) -> None:
    found = impact(reader("high", output="online_predictions"), promise=promise, subject=subject)
    assert bool(found.readings) == hurt


def test_stale_predictions_suspend_the_declared_actions_and_a_refused_batch_does_not() -> None:
    assert impact([], product=ACTING).suspended_actions == ("send_offer",)
    refused = impact([], product=ACTING, promise="guardrails")
    assert (refused.suspended_actions, refused.severity, refused.is_spared) == ((), "minor", True)


def test_the_declared_consumers_are_asked_when_no_others_are_given() -> None:
    found = impact_of(PRODUCT, "data_age", "", since=AT, at=AT)
    assert "marketing_automation" in {one.consumer for one in found.readings}
