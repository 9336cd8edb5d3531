"""Whatever a promise does, its reader ends up knowing how it stands, and is not flooded on the way."""

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.incidents import Incident
from platform_assets.ledger.notifications import HELD, TOLD, notifications
from platform_assets.monitoring.alerts.compose import notify
from platform_assets.monitoring.alerts.cooldown import COOLDOWN, Told, verdict
from platform_assets.monitoring.alerts.holding import STORM_MESSAGES, tell_held
from platform_assets.monitoring.alerts.message import LEVELS, Level, rank
from platform_assets.monitoring.alerts.recipients import recipients_of
from platform_assets.monitoring.incidents.moves import IncidentMove
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings
from tests.unit.monitoring.alert_cases import NOW, change, incident

RECIPIENTS = recipients_of(Settings(home=Path("/nowhere")), discover_products(), ())
STEPS = st.lists(
    st.tuples(st.sampled_from((1, 5, 40)), st.sampled_from(LEVELS)), min_size=4, max_size=STORM_MESSAGES - 1
)
Course = list[tuple[dt.datetime, Level]]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return open_ledger(f"sqlite:///{tmp_path_factory.mktemp('alerts') / 'ledger.db'}")


@pytest.fixture(scope="module")
def subjects() -> Iterator[int]:
    """Count the examples: each is about another subject, and weeks after the one before."""
    return iter(range(10_000))


def look(ledger: Ledger, of: Incident, before: Level, now: Level, at: dt.datetime) -> None:
    """Let a promise be at a level, as the watch would tell it."""
    made = {"ok": "kept", "warning": "at_risk"}.get(now, "broken")
    changed = msgspec.structs.replace(
        change(at=at), product=of.product, promise=of.promise, subject=of.subject, after=made
    )
    if rank(now) > rank("warning"):
        worse = msgspec.structs.replace(of, severity=now)
        notify(ledger, RECIPIENTS, [IncidentMove(incident=worse, kind="changed", change=changed)], [changed], at)
    elif rank(before) > rank("warning"):
        notify(ledger, RECIPIENTS, [IncidentMove(incident=of, kind="recovered", change=changed)], [changed], at)
    else:
        notify(ledger, RECIPIENTS, [], [changed], at)


def told_of(ledger: Ledger, topic: str) -> Course:
    rows = notifications(ledger, topic=topic, states=TOLD)
    return [(row.created_at, row.message["level"]) for row in rows]  # in the order in which they were told


def assert_not_flooded(course: Course) -> None:
    for (_, before), (at, now) in pairwise([(NOW, "ok"), *course]):
        assert before != now
        recent = [level for when, level in course if at - COOLDOWN < when < at]
        assert rank(now) < rank(before) or all(rank(level) < rank(now) for level in recent)


@settings(max_examples=15, deadline=None)
@given(steps=STEPS)
def test_every_course_ends_known_and_nothing_as_bad_is_told_twice_within_a_cooldown(
    ledger: Ledger, subjects: Iterator[int], steps: Sequence[tuple[int, Level]]
) -> None:
    number = next(subjects)
    at = NOW + dt.timedelta(weeks=number)
    of = incident(ledger, promise="runs", subject=str(number), at=at)
    stands: Level = "ok"
    for minutes, level in steps:
        at += dt.timedelta(minutes=minutes)
        tell_held(ledger, at)
        look(ledger, of, stands, level, at)
        stands = level
    tell_held(ledger, at + 2 * COOLDOWN)
    course = told_of(ledger, f"churn/runs/{number}")
    known = course[-1][1] if course else "ok"
    # Nobody is told that a breach has become less severe; that it is over is always told.
    assert known == stands or rank(known) > rank(stands) > rank("warning")
    assert_not_flooded(course)
    assert notifications(ledger, states=HELD) == []


@pytest.mark.parametrize(
    ("now", "told", "decided"),
    [
        ("minor", [], "tell"),
        ("ok", [], "nothing"),
        ("ok", [("minor", 0)], "tell"),
        ("minor", [("minor", 600)], "nothing"),
        ("minor", [("minor", 10), ("ok", 5)], "wait"),
        ("minor", [("minor", 40), ("ok", 5)], "tell"),
        ("major", [("minor", 10), ("ok", 5)], "tell"),
        ("minor", [("minor", -10), ("ok", -5)], "wait"),  # the clock was set back by a little
        ("minor", [("minor", -90_000), ("ok", -80_000)], "tell"),  # or by two months
    ],
)
def test_what_is_news_depends_on_what_was_told_when(now: Level, told: list[tuple[Level, int]], decided: str) -> None:
    before = [Told(level, NOW - dt.timedelta(minutes=minutes)) for level, minutes in told]
    assert verdict(now, before, NOW) == decided
