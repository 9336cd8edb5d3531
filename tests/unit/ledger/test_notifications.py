"""The outbox gives each message to one sender at a time, and none is lost when that one never comes back."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest

from platform_assets.errors import UnknownRecordError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.notifications import (
    BACKOFF_S,
    LEASE,
    Address,
    News,
    claim_next,
    due_addresses,
    enqueue,
    get_notification,
    mark_failed,
    mark_sent,
    notifications,
    retry_notification,
)

NOW = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
OPERATOR = Address(channel="webhook", recipient="operator")
CRM = Address(channel="email", recipient="crm@example.com")


def write(ledger: Ledger, *topics: str, address: Address = OPERATOR, held: str | None = None) -> None:
    enqueue(ledger, [News(topic=topic, address=address, message={}, held_because=held) for topic in topics], NOW)


def later(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def test_news_of_one_moment_and_address_are_claimed_together_and_once(ledger: Ledger) -> None:
    write(ledger, "a", "b")
    write(ledger, "c")
    write(ledger, "d", address=CRM)
    assert due_addresses(ledger, NOW) == [CRM, OPERATOR]
    assert [each.topic for each in claim_next(ledger, OPERATOR, NOW)] == ["a", "b"]
    assert [each.topic for each in claim_next(ledger, OPERATOR, NOW)] == ["c"]
    assert claim_next(ledger, OPERATOR, NOW) == []
    assert due_addresses(ledger, NOW) == [CRM]


def test_of_many_senders_at_once_each_gets_another_message(ledger: Ledger) -> None:
    for number in range(12):
        write(ledger, str(number))
    with ThreadPoolExecutor(4) as senders:
        claimed = list(senders.map(lambda _: claim_next(ledger, OPERATOR, NOW), range(12)))
    assert sorted(int(each[0].topic) for each in claimed) == list(range(12))


def test_a_sender_that_never_came_back_is_followed_by_another_one_and_then_no_longer_heard(ledger: Ledger) -> None:
    write(ledger, "a")
    lost = claim_next(ledger, OPERATOR, NOW)
    assert claim_next(ledger, OPERATOR, NOW + LEASE / 2) == []
    again = claim_next(ledger, OPERATOR, NOW + LEASE)
    assert [each.attempts for each in again] == [2]
    mark_failed(ledger, lost, "too late", NOW + LEASE)
    assert get_notification(ledger, 1).problem is None
    mark_sent(ledger, again, NOW + LEASE)
    mark_failed(ledger, again, "after all", NOW + LEASE)
    assert get_notification(ledger, 1).state == "sent"


def test_a_message_that_fails_waits_as_declared_and_is_given_up_after_the_last_wait(ledger: Ledger) -> None:
    write(ledger, "a")
    at = NOW
    for wait in BACKOFF_S:
        assert mark_failed(ledger, claim_next(ledger, OPERATOR, at), "no", at) == "waiting"
        assert claim_next(ledger, OPERATOR, at + dt.timedelta(seconds=wait - 1)) == []
        at += dt.timedelta(seconds=wait)
    assert mark_failed(ledger, claim_next(ledger, OPERATOR, at), "no", at) == "dead"
    assert due_addresses(ledger, at + dt.timedelta(days=365)) == []
    assert retry_notification(ledger, 1, at)[0].attempts == 0
    assert len(claim_next(ledger, OPERATOR, at)) == 1


def test_a_clock_that_was_set_back_holds_no_message_up(ledger: Ledger) -> None:
    write(ledger, "a")
    mark_failed(ledger, claim_next(ledger, OPERATOR, NOW), "no", NOW)
    assert claim_next(ledger, OPERATOR, later(-60)) == []
    assert len(claim_next(ledger, OPERATOR, later(-90_000))) == 1


def test_what_is_held_or_sent_is_neither_due_nor_retried(ledger: Ledger) -> None:
    write(ledger, "a", held="silence")
    write(ledger, "b")
    mark_sent(ledger, claim_next(ledger, OPERATOR, NOW), NOW)
    assert due_addresses(ledger, NOW) == []
    for number in (1, 2):
        retry_notification(ledger, number, NOW)
    assert [each.state for each in notifications(ledger)] == ["held", "sent"]
    with pytest.raises(UnknownRecordError, match="alerts list"):
        retry_notification(ledger, 3, NOW)
