"""The outbox: what has to be told to whom, kept until it was taken or given up.

One row is one piece of news for one address. Rows of one `group_key` and address are one message and share its fate.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import JSON, Column, ColumnElement, Index, Integer, String, Table, Text, func, or_, select

from platform_assets.errors import UnknownRecordError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.tables import METADATA, UtcInstant

Channel = Literal["webhook", "slack", "email", "log"]
# held: told later, if still true. withheld: held, and over before it was told. dead: given up until a person retries.
NotificationState = Literal["waiting", "sent", "held", "withheld", "dead"]
HELD: tuple[NotificationState, ...] = ("held",)
TOLD: tuple[NotificationState, ...] = ("waiting", "sent")

# `topic` is what it is about; notifications of one topic, channel and recipient are told once within a cooldown.
NOTIFICATIONS = Table(
    "notifications",
    METADATA,
    Column("notification_id", Integer, primary_key=True),
    Column("topic", String, nullable=False),
    Column("group_key", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("recipient", String, nullable=False),
    Column("state", String, nullable=False),
    Column("message", JSON, nullable=False),
    Column("created_at", UtcInstant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcInstant, nullable=False),
    Column("sent_at", UtcInstant),
    Column("problem", Text),
    Index(None, "state", "next_attempt_at"),
    Index(None, "topic", "channel", "recipient"),
)

# After a failed attempt the next one comes so much later; a message that failed once more than this is given up.
BACKOFF_S = (15, 30, 60, 120, 300, 900, 1800, 3600, 7200, 14_400, 28_800)
# Whoever took a message tells within this time whether it was sent; later somebody else may send it again.
LEASE = dt.timedelta(seconds=120)


class Address(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Where news go: a channel, and who is meant on it; no URL, because some of them are secrets."""

    channel: Channel
    recipient: str


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of news for one address. `problem` is why it is held or was not sent, `attempts` counts all of them."""

    notification_id: int
    topic: str
    group_key: str
    channel: Channel
    recipient: str
    state: NotificationState
    message: dict[str, Any]
    created_at: dt.datetime
    attempts: int
    next_attempt_at: dt.datetime
    sent_at: dt.datetime | None
    problem: str | None

    @property
    def address(self) -> Address:
        """Where it goes."""
        return Address(channel=self.channel, recipient=self.recipient)


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written into the outbox; with `held_because` it is not sent yet."""

    topic: str
    address: Address
    message: dict[str, Any]
    held_because: str | None = None


def enqueue(ledger: Ledger, news: Sequence[News], at: dt.datetime) -> str:
    """Write news of one moment into the outbox and return their group; joins the caller's transaction."""
    with ledger.transaction() as connection:
        group = _next_group(ledger, at)
        for each in news:
            connection.execute(
                NOTIFICATIONS.insert().values(
                    topic=each.topic,
                    group_key=group,
                    channel=each.address.channel,
                    recipient=each.address.recipient,
                    state="held" if each.held_because else "waiting",
                    message=each.message,
                    created_at=at,
                    attempts=0,
                    next_attempt_at=at,
                    problem=each.held_because,
                )
            )
    return group


def notifications(
    ledger: Ledger,
    *,
    states: Collection[NotificationState] | None = None,
    topic: str | None = None,
    address: Address | None = None,
    newest: int | None = None,
) -> list[Notification]:
    """Return notifications, oldest first; of some states, of one topic, for one address, or the newest ones only."""
    wanted = select(NOTIFICATIONS).order_by(NOTIFICATIONS.c.notification_id.desc()).limit(newest)
    if states is not None:
        wanted = wanted.where(NOTIFICATIONS.c.state.in_(states))
    if topic is not None:
        wanted = wanted.where(NOTIFICATIONS.c.topic == topic)
    if address is not None:
        wanted = wanted.where(*_is_for(address))
    with ledger.reading() as connection:
        found = [Notification(**row) for row in connection.execute(wanted).mappings()]
    return found[::-1]


def get_notification(ledger: Ledger, notification_id: int) -> Notification:
    """Return one notification; raises UnknownRecordError."""
    wanted = select(NOTIFICATIONS).where(NOTIFICATIONS.c.notification_id == notification_id)
    with ledger.reading() as connection:
        row = connection.execute(wanted).mappings().first()
    if row is None:
        remedy = "take one of `platform alerts list`"
        raise UnknownRecordError(kind="notification", key=str(notification_id), remedy=remedy)
    return Notification(**row)


def messages_since(ledger: Ledger, address: Address, since: dt.datetime, until: dt.datetime) -> int:
    """Return how many messages were written for an address in a time, those that are held left out."""
    counted = select(func.count(NOTIFICATIONS.c.group_key.distinct())).where(
        *_is_for(address),
        NOTIFICATIONS.c.created_at > since,
        NOTIFICATIONS.c.created_at < until,
        NOTIFICATIONS.c.state.in_(("waiting", "sent", "dead")),
    )
    with ledger.reading() as connection:
        return int(connection.execute(counted).scalar_one())


def withhold(ledger: Ledger, held: Collection[Notification]) -> None:
    """Let held news rest for good: what they said is over, or is told otherwise."""
    _change_held(ledger, held, {"state": "withheld"})


def release_held(ledger: Ledger, held: Sequence[Notification], at: dt.datetime) -> None:
    """Let held news be sent, all of one address as one message."""
    for address in sorted({each.address for each in held}):
        with ledger.transaction():
            values = {"state": "waiting", "group_key": _next_group(ledger, at, after=held), "next_attempt_at": at}
            mine = [each for each in held if each.address == address]
            # The cooldown and the bound of a storm count from when it was told.
            _change_held(ledger, mine, {**values, "created_at": at})


def due_addresses(ledger: Ledger, at: dt.datetime) -> list[Address]:
    """Return the addresses that something is to be sent to by now."""
    pair = (NOTIFICATIONS.c.channel, NOTIFICATIONS.c.recipient)
    with ledger.reading() as connection:
        rows = connection.execute(select(*pair).where(_is_due(at)).distinct()).mappings()
        return sorted(Address(**row) for row in rows)


def claim_next(ledger: Ledger, address: Address, at: dt.datetime) -> list[Notification]:
    """Take the oldest due message of an address, for the time of a lease; nothing is left empty.

    Of several that claim at once, each gets another message. The count of attempts tells a claim from a later one.
    """
    oldest = select(NOTIFICATIONS.c.group_key).where(*_is_for(address), _is_due(at))
    with ledger.transaction() as connection:
        group = connection.execute(oldest.order_by(NOTIFICATIONS.c.notification_id).limit(1)).scalar()
        if group is None:
            return []
        its = (*_is_for(address), NOTIFICATIONS.c.group_key == group, NOTIFICATIONS.c.state == "waiting")
        taken = {"attempts": NOTIFICATIONS.c.attempts + 1, "next_attempt_at": at + LEASE}
        connection.execute(NOTIFICATIONS.update().where(*its).values(taken))
        rows = connection.execute(select(NOTIFICATIONS).where(*its).order_by(NOTIFICATIONS.c.notification_id))
        return [Notification(**row) for row in rows.mappings()]


def mark_sent(ledger: Ledger, claimed: Sequence[Notification], at: dt.datetime) -> None:
    """Record that a claimed message was taken, unless its lease is over and somebody else has it now."""
    _settle(ledger, claimed, {"state": "sent", "sent_at": at, "problem": None})


def mark_failed(ledger: Ledger, claimed: Sequence[Notification], problem: str, at: dt.datetime) -> NotificationState:
    """Record a failed attempt and when the next one comes, or that the message is given up; returns which."""
    attempts = max(each.attempts for each in claimed)
    if attempts > len(BACKOFF_S):
        _settle(ledger, claimed, {"state": "dead", "problem": problem})
        return "dead"
    again = at + dt.timedelta(seconds=BACKOFF_S[attempts - 1])
    _settle(ledger, claimed, {"next_attempt_at": again, "problem": problem})
    return "waiting"


def retry_notification(ledger: Ledger, notification_id: int, at: dt.datetime) -> list[Notification]:
    """Send a message again from its first attempt on, if it waits or was given up; returns all of its news.

    Raises UnknownRecordError.
    """
    with ledger.transaction() as connection:
        found = get_notification(ledger, notification_id)
        its = (*_is_for(found.address), NOTIFICATIONS.c.group_key == found.group_key)
        unsent = NOTIFICATIONS.c.state.in_(("waiting", "dead"))
        values = {"state": "waiting", "attempts": 0, "next_attempt_at": at}
        connection.execute(NOTIFICATIONS.update().where(*its, unsent).values(values))
        rows = connection.execute(select(NOTIFICATIONS).where(*its).order_by(NOTIFICATIONS.c.notification_id))
        return [Notification(**row) for row in rows.mappings()]


def _next_group(ledger: Ledger, at: dt.datetime, after: Sequence[Notification] = ()) -> str:
    """Return a group of its own: the newest number is known, because there is one writer at a time."""
    with ledger.reading() as connection:
        newest = connection.execute(select(func.max(NOTIFICATIONS.c.notification_id))).scalar() or 0
    released = f"-held{max(each.notification_id for each in after)}" if after else ""
    return f"{at:%Y%m%dT%H%M%SZ}-{newest + 1}{released}"


def _is_for(address: Address) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return NOTIFICATIONS.c.channel == address.channel, NOTIFICATIONS.c.recipient == address.recipient


def _is_due(at: dt.datetime) -> ColumnElement[bool]:
    """Tell what waits no longer; a wait longer than any declared one is a clock that was set back since."""
    longest = dt.timedelta(seconds=max(BACKOFF_S)) + LEASE
    column = NOTIFICATIONS.c.next_attempt_at
    return (NOTIFICATIONS.c.state == "waiting") & or_(column <= at, column > at + longest)


def _settle(ledger: Ledger, claimed: Sequence[Notification], values: dict[str, object]) -> None:
    with ledger.transaction() as connection:
        for each in claimed:
            ours = (
                NOTIFICATIONS.c.notification_id == each.notification_id,
                NOTIFICATIONS.c.attempts == each.attempts,
                NOTIFICATIONS.c.state == "waiting",
            )
            connection.execute(NOTIFICATIONS.update().where(*ours).values(values))


def _change_held(ledger: Ledger, held: Collection[Notification], values: dict[str, object]) -> None:
    ids = [each.notification_id for each in held]
    theirs = (NOTIFICATIONS.c.notification_id.in_(ids), NOTIFICATIONS.c.state == "held")
    with ledger.transaction() as connection:
        connection.execute(NOTIFICATIONS.update().where(*theirs).values(values))
