"""Keeps news back for a while, and lets them go as one summary when the reason is over."""

import datetime as dt
from collections.abc import Sequence
from itertools import groupby

import msgspec

from platform_assets.ledger.database import Ledger
from platform_assets.ledger.notifications import (
    HELD,
    TOLD,
    Address,
    Notification,
    messages_since,
    notifications,
    release_held,
    withhold,
)
from platform_assets.ledger.silences import silences
from platform_assets.monitoring.alerts.cooldown import Told, ends_at, known_of, verdict
from platform_assets.monitoring.alerts.message import AlertMessage

# An address takes so many messages within the time; beyond that they are held, and told as one when it has room.
STORM_WITHIN = dt.timedelta(hours=1)
STORM_MESSAGES = 12
STORM_SEVERE_MESSAGES = 24


def told_before(ledger: Ledger, topic: str, address: Address, incident: int | None, at: dt.datetime) -> list[Told]:
    """Return what an address was told of an incident's topic, or will be as soon as it takes it, oldest first."""
    rows = notifications(ledger, topic=topic, address=address, states=TOLD, newest=50)
    told = [Told(row.message["level"], row.created_at, row.message["incident"]) for row in rows]
    return known_of(incident, told, at)


def reason_to_hold(
    ledger: Ledger, address: Address, message: AlertMessage, told: Sequence[Told], at: dt.datetime
) -> str | None:
    """Return why news are not told yet, or None when they are."""
    return _silence(ledger, message, at) or _cooldown(message, told, at) or _storm(ledger, address, message, at)


def tell_held(ledger: Ledger, at: dt.datetime) -> int:
    """Let go what is held for no reason any more, one message per address, and return how many news that were."""
    with ledger.transaction():
        held = sorted(notifications(ledger, states=HELD), key=lambda each: each.address)
        freed = 0
        for address, its in groupby(held, key=lambda each: each.address):
            due = [each for each in its if _is_free(ledger, address, each, at)]
            release_held(ledger, due, at)
            freed += len(due)
        return freed


def _is_free(ledger: Ledger, address: Address, held: Notification, at: dt.datetime) -> bool:
    try:
        message = msgspec.convert(held.message, AlertMessage)
    except msgspec.ValidationError:  # written by another version: its delivery tells so, and it holds up no other one
        return True
    told = told_before(ledger, held.topic, address, message.incident, at)
    if verdict(message.level, told, at) == "nothing":
        withhold(ledger, [held])
        return False
    return reason_to_hold(ledger, address, message, told, at) is None


def _silence(ledger: Ledger, message: AlertMessage, at: dt.datetime) -> str | None:
    for each in silences(ledger, at):
        if each.covers(message.product, message.promise, at):
            until = f"until {each.ends_at:%Y-%m-%d %H:%M} UTC"
            return f"{each.kind} {each.silence_id} {until} by {each.created_by}: {each.reason}"
    return None


def _cooldown(message: AlertMessage, told: Sequence[Told], at: dt.datetime) -> str | None:
    if verdict(message.level, told, at) != "wait":
        return None
    return f"told before, and again at {ends_at(message.level, told, at):%Y-%m-%d %H:%M} UTC if it is still so"


def _storm(ledger: Ledger, address: Address, message: AlertMessage, at: dt.datetime) -> str | None:
    most = STORM_SEVERE_MESSAGES if message.severity == "severe" else STORM_MESSAGES
    if messages_since(ledger, address, at - STORM_WITHIN, at + STORM_WITHIN) < most:
        return None
    return f"more than {most} messages within an hour: told as one as soon as there is room"
