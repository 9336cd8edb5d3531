"""Who is told what and when: owner and consumers, once, grouped, cooled down, silenced, bounded, and told when over."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from platform_assets.alert_settings import AlertSettings
from platform_assets.consumers import CONSUMERS
from platform_assets.errors import AlertNotTakenError
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.incidents import Severity, add_entry, entries
from platform_assets.ledger.notifications import Address, News, enqueue
from platform_assets.ledger.silences import add_silence, end_silence
from platform_assets.monitoring.alerts.channels.webhook import send_webhook
from platform_assets.monitoring.alerts.compose import Announcement, announce, notify
from platform_assets.monitoring.alerts.holding import STORM_MESSAGES, tell_held
from platform_assets.monitoring.alerts.message import AlertMessage, as_text, bulletin_of
from platform_assets.monitoring.alerts.recipients import Recipients, recipients_of
from platform_assets.monitoring.incidents.moves import MoveKind
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings
from tests.unit.monitoring.alert_cases import NOW, change, incident, later, move, outbox, told

PRODUCTS = discover_products()
RECIPIENTS = recipients_of(Settings(home=Path("/nowhere")), PRODUCTS)
OWNER, CRM = "customer-intelligence", "consumer:marketing_automation"
MANDATE = Mandate(by="ann", at=NOW, reason="we move house")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")


def recipients(**channels: str) -> Recipients:
    return replace(RECIPIENTS, alerts=AlertSettings(secret="x" * 24, **channels))  # type: ignore[arg-type]


def message(ledger: Ledger, recipient: str) -> AlertMessage:
    return msgspec.convert(outbox(ledger, recipient)[-1].message, AlertMessage)


def test_the_owner_is_told_what_broke_for_whom_and_why_and_a_consumer_in_its_own_words(ledger: Ledger) -> None:
    broken = incident(ledger, "major")
    add_entry(ledger, 1, "cause_drafted", "raw file missing\nmore", happened_at=NOW, recorded_by="platform")
    assert notify(ledger, RECIPIENTS, [move("opened", broken)], [change()], NOW) == 3
    owners, consumers = message(ledger, OWNER), message(ledger, CRM)
    assert owners.what == "Customer churn: the published data are too old (200 h, promised 192 h)"
    assert (owners.severity, owners.since, owners.incident) == ("major", NOW, 1)
    assert owners.who_is_hurt[0].startswith("Marketing automation (CRM) (retention_offers; high;")
    assert owners.probable_cause == "raw file missing"
    assert owners.links["dagster"] == "http://127.0.0.1:3000/assets/churn/published_predictions"
    assert owners.links["incident"] == "platform incidents show 1"
    assert "the published table that you read for retention_offers is older than promised" in consumers.what
    assert "action_allowed" in consumers.next_step
    assert (consumers.probable_cause, consumers.links) == ("", {})
    assert [each.kind for each in entries(ledger, 1)] == ["cause_drafted", "notified"]


def test_a_promise_about_online_answers_goes_to_their_owner_and_their_readers(ledger: Ledger) -> None:
    notify(ledger, RECIPIENTS, [], [change(promise="snapshot_age")], NOW)
    assert {each.recipient for each in outbox(ledger)} == {OWNER, "consumer:retention_desk"}


def test_consumers_hear_nothing_of_what_spares_them(ledger: Ledger) -> None:
    notify(ledger, RECIPIENTS, [], [change(promise="guardrails"), change("at_risk")], NOW)
    assert {each.recipient for each in outbox(ledger)} == {OWNER}
    refused, at_risk = outbox(ledger)
    assert refused.message["who_is_hurt"] == ["nobody yet: consumers still get something sound"]
    assert at_risk.message["what"].startswith("Customer churn: soon the published data are too old")


def test_each_configured_channel_is_used_and_no_address_gets_the_same_twice(ledger: Ledger) -> None:
    everywhere = recipients(webhook="http://a", slack="http://b", smtp="c:25")
    with_hook = [
        msgspec.structs.replace(each, contact=msgspec.structs.replace(each.contact, webhook="http://d"))
        for each in CONSUMERS
    ]
    notify(ledger, replace(everywhere, consumers=[*with_hook, *CONSUMERS]), [], [change()], NOW)
    assert sorted((each.channel, each.recipient) for each in outbox(ledger)) == [
        ("email", "bi@example.com"),
        ("email", "crm@example.com"),
        ("email", "customer-intelligence@example.com"),
        ("slack", "operator"),
        ("webhook", "consumer:business_intelligence"),
        ("webhook", CRM),
        ("webhook", "operator"),
    ]


def test_a_rule_tells_what_it_measured_and_what_it_wants_done(ledger: Ledger) -> None:
    fired = change(
        promise="rule_slow_answers", subject="online", facts={"told": "for 12 min", "response": "scale: add"}
    )
    notify(ledger, RECIPIENTS, [], [fired], NOW)
    (row,) = outbox(ledger)
    assert row.message["what"] == "Customer churn [online]: the rule slow_answers has fired (200 h, promised 192 h)"
    assert (row.message["probable_cause"], row.message["next_step"]) == ("for 12 min", "scale: add")


@pytest.mark.parametrize(
    ("promise", "subject", "says", "asset"),
    [
        ("runs", "batch", "newest run failed", "churn/predictions"),
        ("runs", "online", "newest run failed", "churn/online_snapshot"),
        ("runs", "watch of slas", "the watch of promises could not look", "churn/published_predictions"),
        ("sla_freshness", "online", "the SLA of freshness", "churn/online_snapshot"),
    ],
)
def test_the_owner_is_sent_to_the_asset_that_the_breach_is_about(
    ledger: Ledger, promise: str, subject: str, says: str, asset: str
) -> None:
    notify(ledger, RECIPIENTS, [], [change(promise=promise, subject=subject)], NOW)
    found = msgspec.convert(outbox(ledger)[0].message, AlertMessage)
    assert says in found.what
    assert found.links["dagster"].endswith(f"/assets/{asset}")


def test_a_consumer_hears_of_a_broken_sla_of_freshness_what_was_and_not_what_is(ledger: Ledger) -> None:
    notify(ledger, RECIPIENTS, [], [change(promise="sla_freshness", subject="batch")], NOW)
    assert "was older than promised for too much of the time" in message(ledger, CRM).what


def test_many_changes_of_a_product_at_one_moment_are_one_message_with_the_worst_first(ledger: Ledger) -> None:
    changes = [change("at_risk", promise="data_age", subject=f"day {n}") for n in range(30)] + [change(promise="runs")]
    assert notify(ledger, RECIPIENTS, [], changes, NOW) == 31
    rows = outbox(ledger, OWNER)
    assert len({each.group_key for each in rows}) == 1
    messages = [msgspec.convert(each.message, AlertMessage) for each in rows]
    bulletin = bulletin_of(rows[0].group_key, rows[0].address, NOW, messages)
    assert bulletin.headline.endswith("the newest run failed or is overdue (200 h, promised 192 h) (and 30 more)")
    assert (len(bulletin.alerts), bulletin.left_out) == (20, 11)
    assert "... and 11 more" in as_text(bulletin)


def test_what_goes_on_is_told_once_and_that_it_is_over_once(ledger: Ledger) -> None:
    broken = incident(ledger)
    kinds: tuple[MoveKind, ...] = ("opened", "changed", "changed", "recovered", "recovered")
    for minute, kind in enumerate(kinds):
        notify(ledger, RECIPIENTS, [move(kind, broken)], [], later(minutes=minute))
    assert told(ledger, OWNER) == [("waiting", "minor"), ("waiting", "ok")]
    assert told(ledger, CRM) == [("waiting", "minor"), ("waiting", "ok")]
    assert message(ledger, OWNER).is_recovery
    assert "platform incidents resolve 1" in message(ledger, OWNER).next_step
    assert message(ledger, CRM).what.endswith("is as promised again (200 h, promised 192 h)")


def test_nobody_is_told_of_the_end_of_what_they_did_not_hear_of(ledger: Ledger) -> None:
    assert notify(ledger, RECIPIENTS, [], [change("kept", before="unknown")], NOW) == 0


def test_what_is_more_severe_is_told_at_once_and_what_is_less_severe_is_not(ledger: Ledger) -> None:
    severities: tuple[Severity, ...] = ("minor", "severe", "major")
    for minute, severity in enumerate(severities):
        worse = msgspec.structs.replace(incident(ledger), severity=severity)
        notify(ledger, RECIPIENTS, [move("worse" if minute else "opened", worse)], [], later(minutes=minute))
    assert told(ledger, OWNER) == [("waiting", "minor"), ("waiting", "severe")]


def test_what_breaks_again_within_the_cooldown_is_told_after_it_if_it_is_still_broken(ledger: Ledger) -> None:
    broken = incident(ledger)
    kinds: tuple[MoveKind, ...] = ("opened", "recovered", "reopened")
    for minute, kind in enumerate(kinds):
        notify(ledger, RECIPIENTS, [move(kind, broken)], [], later(minutes=minute))
    assert told(ledger, OWNER)[-1] == ("held", "minor")
    assert tell_held(ledger, later(minutes=29)) == 0
    assert tell_held(ledger, later(minutes=31)) == 3
    assert told(ledger, OWNER)[-1] == ("waiting", "minor")
    assert "told before" in (message(ledger, OWNER).held or "")


def test_what_breaks_and_recovers_within_the_cooldown_is_not_told(ledger: Ledger) -> None:
    broken = incident(ledger)
    kinds: tuple[MoveKind, ...] = ("opened", "recovered", "reopened", "recovered")
    for minute, kind in enumerate(kinds):
        notify(ledger, RECIPIENTS, [move(kind, broken)], [], later(minutes=minute))
    assert tell_held(ledger, later(hours=2)) == 0
    assert told(ledger, OWNER) == [("waiting", "minor"), ("waiting", "ok"), ("withheld", "minor")]


def test_a_new_incident_about_what_was_broken_before_is_told_by_its_own_number(ledger: Ledger) -> None:
    first = incident(ledger)
    notify(ledger, RECIPIENTS, [move("opened", first)], [], NOW)
    second = msgspec.structs.replace(first, incident_id=incident(ledger, subject="another").incident_id)
    notify(ledger, RECIPIENTS, [move("opened", second)], [], later(hours=1))
    notify(ledger, RECIPIENTS, [move("changed", second)], [], later(hours=2))
    assert [each.message["incident"] for each in outbox(ledger, OWNER)] == [1, 2]


def test_what_nobody_could_look_at_is_no_news(ledger: Ledger) -> None:
    assert notify(ledger, RECIPIENTS, [], [change("unknown")], NOW) == 0


def test_a_silence_holds_the_news_and_its_end_tells_what_is_still_broken_as_one_message(ledger: Ledger) -> None:
    add_silence(ledger, "silence", MANDATE, starts_at=NOW, ends_at=later(hours=2), product="churn")
    notify(ledger, RECIPIENTS, [], [change(subject="one")], later(minutes=1))
    notify(ledger, RECIPIENTS, [], [change(subject="two")], later(minutes=2))
    notify(ledger, RECIPIENTS, [], [change("kept", subject="one", before="broken")], later(minutes=3))
    notify(ledger, RECIPIENTS, [], [change(promise="runs")], later(minutes=4))
    assert [state for state, _ in told(ledger, OWNER)] == ["withheld", "held", "held"]
    assert tell_held(ledger, later(minutes=119)) == 0
    assert tell_held(ledger, later(minutes=121)) == 4
    freed = [each for each in outbox(ledger, OWNER) if each.state == "waiting"]
    assert [each.topic for each in freed] == ["churn/data_age/two", "churn/runs/"]
    assert len({each.group_key for each in freed}) == 1
    assert "by ann: we move house" in freed[0].message["held"]


def test_a_maintenance_begins_when_it_is_planned_and_covers_what_it_names(ledger: Ledger) -> None:
    begin, end = later(hours=1), later(hours=2)
    planned = add_silence(ledger, "maintenance", MANDATE, starts_at=begin, ends_at=end, promise="data_age")
    notify(ledger, RECIPIENTS, [], [change(subject="before")], NOW)
    notify(ledger, RECIPIENTS, [], [change(subject="in"), change(promise="runs")], later(minutes=90))
    assert [state for state, _ in told(ledger, OWNER)] == ["waiting", "held", "waiting"]
    end_silence(ledger, planned.silence_id, later(minutes=91))
    assert tell_held(ledger, later(minutes=91)) == 3


def test_held_news_of_another_version_hold_up_no_other_news(ledger: Ledger) -> None:
    held = News(
        topic="churn/x/", address=Address(channel="log", recipient="a"), message={"level": "ok"}, held_because="later"
    )
    enqueue(ledger, [held], NOW)
    add_silence(ledger, "silence", MANDATE, starts_at=NOW, ends_at=later(hours=2), product="churn")
    notify(ledger, RECIPIENTS, [], [change()], NOW)
    assert tell_held(ledger, later(hours=3)) == len(outbox(ledger))


def test_what_was_meant_for_a_consumer_that_is_gone_is_sent_to_nobody_else(ledger: Ledger) -> None:
    notify(ledger, RECIPIENTS, [], [change()], NOW)
    bulletin = bulletin_of("g", Address(channel="webhook", recipient="consumer:gone"), NOW, [message(ledger, OWNER)])
    with pytest.raises(AlertNotTakenError, match=r"consumer:gone.*no URL"):
        send_webhook(recipients(webhook="http://127.0.0.1:9/operator"), "consumer:gone", bulletin, NOW, within_s=1.0)


def test_that_it_is_over_is_told_after_the_silence_where_the_breach_was_told_before_it(ledger: Ledger) -> None:
    notify(ledger, RECIPIENTS, [], [change()], NOW)
    add_silence(ledger, "silence", MANDATE, starts_at=NOW, ends_at=later(hours=2))
    notify(ledger, RECIPIENTS, [], [change("kept", before="broken")], later(hours=1))
    assert told(ledger, OWNER) == [("waiting", "minor"), ("held", "ok")]
    assert tell_held(ledger, later(hours=3)) == 3
    assert message(ledger, OWNER).is_recovery


def test_a_storm_is_bounded_and_its_rest_is_one_message_when_there_is_room(ledger: Ledger) -> None:
    for minute in range(40):
        notify(ledger, RECIPIENTS, [], [change(subject=f"{minute}")], later(seconds=minute))
    waiting = {each.group_key for each in outbox(ledger, OWNER) if each.state == "waiting"}
    assert len(waiting) == STORM_MESSAGES
    notify(ledger, RECIPIENTS, [move("opened", incident(ledger, "severe", promise="runs"))], [], later(minutes=1))
    assert told(ledger, OWNER)[-1] == ("waiting", "severe")
    assert tell_held(ledger, later(minutes=30)) == 0
    tell_held(ledger, later(minutes=90))
    after = {each.group_key for each in outbox(ledger, OWNER) if each.state == "waiting"}
    assert len(after) == STORM_MESSAGES + 2
    assert not [each for each in outbox(ledger, OWNER) if each.state == "held"]


def test_an_announcement_reaches_owner_and_all_readers_at_once_whatever_is_silent(ledger: Ledger) -> None:
    add_silence(ledger, "silence", MANDATE, starts_at=NOW, ends_at=later(hours=2))
    notify(ledger, RECIPIENTS, [], [change()], NOW)
    announced = msgspec.structs.replace(message(ledger, OWNER), promise="recall", subject="model 3", what="recalled")
    both = Announcement(to_owner=announced, to_consumers=msgspec.structs.replace(announced, what="do not use it"))
    assert announce(ledger, RECIPIENTS, both, ("published_predictions", "online_predictions"), NOW) == 4
    recalled = [each for each in outbox(ledger) if each.message["promise"] == "recall"]
    said = {each.recipient: each.message["what"] for each in recalled}
    assert said.items() >= {OWNER: "recalled", CRM: "do not use it", "consumer:retention_desk": "do not use it"}.items()
    assert {each.state for each in recalled} == {"waiting"}


def test_an_owner_who_also_reads_the_output_is_told_of_a_recall_once_as_its_owner(ledger: Ledger) -> None:
    notify(ledger, RECIPIENTS, [], [change()], NOW)
    announced = msgspec.structs.replace(message(ledger, OWNER), promise="recall", subject="model 3", what="recalled")
    both = Announcement(to_owner=announced, to_consumers=msgspec.structs.replace(announced, what="do not use it"))
    owner = RECIPIENTS.products["churn"].owner
    own = [
        msgspec.structs.replace(each, contact=msgspec.structs.replace(each.contact, email=owner.email))
        for each in CONSUMERS
    ]
    announce(ledger, replace(recipients(smtp="c:25"), consumers=own), both, ("published_predictions",), NOW)
    recalled = [each for each in outbox(ledger) if each.message["promise"] == "recall"]
    assert [(each.recipient, each.message["what"]) for each in recalled] == [(owner.email, "recalled")]


def test_news_that_are_written_with_a_change_vanish_with_it(ledger: Ledger) -> None:
    class RanOutError(Exception):
        pass

    def fail() -> None:
        with ledger.transaction():
            notify(ledger, RECIPIENTS, [], [change()], NOW)
            raise RanOutError

    with pytest.raises(RanOutError):
        fail()
    assert outbox(ledger) == []
