"""Turns what changed into news in the outbox: each for whom it concerns, once, and not while it is silent."""

import datetime as dt
from collections.abc import Callable, Sequence
from itertools import groupby

import msgspec

from platform_assets.contract.consumers import Output, Reading
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.incidents import add_entry
from platform_assets.ledger.notifications import HELD, Address, News, enqueue, notifications, withhold
from platform_assets.ledger.promises import PromiseChange
from platform_assets.monitoring.alerts.cooldown import verdict
from platform_assets.monitoring.alerts.holding import reason_to_hold, told_before
from platform_assets.monitoring.alerts.message import AlertMessage, Level
from platform_assets.monitoring.alerts.news import consumer_message, owner_message, spoken_level
from platform_assets.monitoring.alerts.recipients import Recipients
from platform_assets.monitoring.alerts.standing import Standing, standings_of, topic_of
from platform_assets.monitoring.incidents.moves import IncidentMove

_BY = "alerts"


class _Concern(msgspec.Struct, frozen=True):
    """Somebody who is concerned: where they are, at which level they see it, and what they would be told."""

    address: Address
    level: Level
    say: Callable[[Level], AlertMessage]


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """The same news for the owner, with cause and tools, and for consumers, with neither."""

    to_owner: AlertMessage
    to_consumers: AlertMessage


def notify(
    ledger: Ledger,
    recipients: Recipients,
    moves: Sequence[IncidentMove],
    changes: Sequence[PromiseChange],
    at: dt.datetime,
) -> int:
    """Write what concerns owners and consumers into the outbox and return how many news that were.

    Joins the caller's transaction, so that a change that is recorded is a change that is told. News of one product at
    one moment are one message per address. Nothing is told twice, and within a cooldown only what is worse; news of a
    time of silence, or beyond what an address takes in an hour, are held. That something is over is told where it was
    told that it began.
    """
    written = 0
    with ledger.transaction():
        standings = sorted(standings_of(moves, changes), key=lambda each: each.product)
        for _, of_product in groupby(standings, key=lambda each: each.product):
            news = [each for standing in of_product for each in _news(ledger, recipients, standing, at)]
            if news:
                enqueue(ledger, news, at)
            written += len(news)
    return written


def announce(
    ledger: Ledger, recipients: Recipients, announced: Announcement, outputs: Sequence[Output], at: dt.datetime
) -> int:
    """Tell the owner of a product and all readers of some of its outputs at once; silences do not hold it.

    Returns how many were told: who owns it and reads it is told as its owner. Joins the caller's transaction.
    """
    message = announced.to_owner
    owner = recipients.owner_of(message.product, message.promise, message.subject)
    readers = [
        consumer
        for consumer in recipients.consumers
        if any(reading.product == message.product and reading.output in outputs for reading in consumer.reads)
    ]
    told = dict.fromkeys((where for each in readers for where in recipients.of_consumer(each)), announced.to_consumers)
    told = {**told, **dict.fromkeys(recipients.of_owner(owner), message)}
    topic = topic_of(message.product, message.promise, message.subject)
    news = [News(topic=topic, address=where, message=msgspec.to_builtins(said)) for where, said in told.items()]
    enqueue(ledger, news, at)
    return len(news)


def _news(ledger: Ledger, recipients: Recipients, standing: Standing, at: dt.datetime) -> list[News]:
    news = []
    number = standing.incident.incident_id if standing.incident else None
    for concern in _concerns(ledger, recipients, standing, at):
        withhold(ledger, notifications(ledger, topic=standing.topic, address=concern.address, states=HELD))
        told = told_before(ledger, standing.topic, concern.address, number, at)
        decided = verdict(concern.level, told, at)
        if decided == "nothing":
            continue
        message = concern.say(told[-1].level if told else "ok")
        held = reason_to_hold(ledger, concern.address, message, told, at)
        message = msgspec.structs.replace(message, level=concern.level, held=held)
        content = msgspec.to_builtins(message)
        news.append(News(topic=standing.topic, address=concern.address, message=content, held_because=held))
    _record(ledger, standing, news, at)
    return news


def _concerns(ledger: Ledger, recipients: Recipients, standing: Standing, at: dt.datetime) -> list[_Concern]:
    """Return who is concerned, each address once: who owns it and reads it is told as its owner."""

    def to_owner(told: Level) -> AlertMessage:
        return owner_message(ledger, recipients, standing, at, told=told)

    owner = recipients.owner_of(standing.product, standing.promise, standing.subject)
    found = {where: _Concern(where, standing.level, to_owner) for where in recipients.of_owner(owner)}
    for consumer, reading in recipients.hurt_by(standing.product, standing.promise, standing.subject):

        def to_consumer(told: Level, reading: Reading = reading) -> AlertMessage:
            return consumer_message(recipients, standing, reading, at, told=told)

        for where in recipients.of_consumer(consumer):
            found.setdefault(where, _Concern(where, spoken_level(standing.level), to_consumer))
    return list(found.values())


def _record(ledger: Ledger, standing: Standing, news: Sequence[News], at: dt.datetime) -> None:
    """Add to the timeline of the incident who is told."""
    if standing.incident is None or not news:
        return
    told = [
        f"{each.address.recipient} ({each.address.channel}{', held' if each.held_because else ''})" for each in news
    ]
    text = f"alert to {', '.join(told)}"
    add_entry(ledger, standing.incident.incident_id, "notified", text, happened_at=at, recorded_by=_BY)
