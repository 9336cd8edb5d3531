"""What a person is told: one piece of news about one promise, and the bulletin that carries several."""

import datetime as dt
from collections.abc import Sequence
from hashlib import blake2b
from typing import Literal, get_args

import msgspec

from platform_assets.ledger.notifications import Address

# Where a promise stands as a reader of alerts sees it, from good to bad; the last three are severities of incidents.
Level = Literal["ok", "warning", "minor", "major", "severe"]
LEVELS: tuple[Level, ...] = get_args(Level)
Audience = Literal["owner", "consumer"]
_SHOWN = 20


def rank(level: Level) -> int:
    """Return how bad a level is."""
    return LEVELS.index(level)


class AlertMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of news: what broke, since when, who is hurt, the probable cause and the next step.

    `level` is where the promise stands now, `severity` how bad it is, or was before it recovered. `held` says why the
    news come late.
    """

    product: str
    promise: str
    subject: str
    audience: Audience
    level: Level
    severity: Level
    is_recovery: bool
    what: str
    since: dt.datetime
    happened_at: dt.datetime
    who_is_hurt: tuple[str, ...]
    probable_cause: str
    next_step: str
    owner: str
    links: dict[str, str]
    incident: int | None = None
    value: float | None = None
    limit: float | None = None
    unit: str = ""
    held: str | None = None


class Bulletin(msgspec.Struct, frozen=True, kw_only=True):
    """All that is sent at once to one address. `key` is the same in every attempt, and in no other bulletin."""

    key: str
    headline: str
    severity: Level
    is_recovery: bool
    created_at: dt.datetime
    alerts: tuple[AlertMessage, ...]
    left_out: int = 0


def bulletin_of(group: str, address: Address, created_at: dt.datetime, messages: Sequence[AlertMessage]) -> Bulletin:
    """Return the bulletin of one group for one address, the worst news first and not more than people read."""
    worst = sorted(messages, key=lambda message: (message.is_recovery, -rank(message.severity)))
    return Bulletin(
        key=blake2b(f"{group}\n{address.channel}\n{address.recipient}".encode(), digest_size=16).hexdigest(),
        headline=_headline(worst),
        severity=worst[0].severity,
        is_recovery=worst[0].is_recovery,
        created_at=created_at,
        alerts=tuple(worst[:_SHOWN]),
        left_out=len(worst[_SHOWN:]),
    )


def as_text(bulletin: Bulletin) -> str:
    """Return a bulletin as plain text for people."""
    told = [_told(message) for message in bulletin.alerts]
    if bulletin.left_out:
        told.append(f"... and {bulletin.left_out} more: `platform promises` shows all.")
    return "\n\n".join(told) + "\n"


def told_facts(message: AlertMessage) -> dict[str, str]:
    """Return what a message says beside its first line, in the order in which people need it."""
    facts = {
        "recovered" if message.is_recovery else "since": _instant(
            message.happened_at if message.is_recovery else message.since
        ),
        "was broken since": _instant(message.since) if message.is_recovery else "",
        "who is hurt": "" if message.is_recovery else "; ".join(message.who_is_hurt),
        "probable cause": message.probable_cause,
        "next step": message.next_step,
        "owner": message.owner,
        "told late": message.held or "",
    }
    return {name: text for name, text in facts.items() if text}


def label_of(message: AlertMessage) -> str:
    """Return the word that a message begins with."""
    return "RECOVERED" if message.is_recovery else message.severity.upper()


def _told(message: AlertMessage) -> str:
    facts = [f"  {name}: {text}" for name, text in told_facts(message).items()]
    links = [f"  {name}: {target}" for name, target in message.links.items()]
    return "\n".join([f"[{label_of(message)}] {message.what}", *facts, *links])


def _headline(worst: Sequence[AlertMessage]) -> str:
    more = f" (and {len(worst) - 1} more)" if len(worst) > 1 else ""
    return f"[{label_of(worst[0])}] {worst[0].what}{more}"


def _instant(instant: dt.datetime) -> str:
    return f"{instant.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
