"""Sends what is due: each address in a lane of its own, so that one that hangs holds up no other."""

import contextlib
import datetime as dt
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

import msgspec

from platform_assets.errors import AlertNotTakenError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.notifications import (
    Address,
    Notification,
    claim_next,
    due_addresses,
    mark_failed,
    mark_sent,
)
from platform_assets.monitoring.alerts.channels.log_file import append_to_log
from platform_assets.monitoring.alerts.channels.mail import send_mail
from platform_assets.monitoring.alerts.channels.slack import send_slack
from platform_assets.monitoring.alerts.channels.webhook import send_webhook
from platform_assets.monitoring.alerts.holding import tell_held
from platform_assets.monitoring.alerts.message import AlertMessage, Bulletin, bulletin_of
from platform_assets.monitoring.alerts.recipients import Recipients, recipients_of
from platform_assets.settings import Settings

_LANES = 8
# No message is begun later in one delivery; the next one goes on.
_BEGIN_WITHIN_S = 20.0
_END_WITHIN_S = 40.0


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one message; `problem` is None when it was taken, and `is_dead` when it is given up."""

    address: Address
    headline: str
    attempts: int
    problem: str | None = None
    is_dead: bool = False


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What one delivery did. `released` are news that were held before, `unfinished` lanes go on by themselves."""

    sent: tuple[Sent, ...]
    released: int
    unfinished: int

    @property
    def failed(self) -> tuple[Sent, ...]:
        """What was not taken."""
        return tuple(each for each in self.sent if each.problem is not None)


def deliver(settings: Settings, ledger: Ledger, at: dt.datetime, recipients: Recipients | None = None) -> Delivery:
    """Send what is due by now, at least once each, with the same key in every attempt; ends within 40 seconds.

    Several deliveries at once share the messages. A message that was not taken is tried again later, and given up
    after twelve attempts in sixteen hours; it is then in `logs/alerts.jsonl`. Raises LedgerUnavailableError.
    """
    known = recipients or recipients_of(settings, ())
    released = tell_held(ledger, at)
    begun = time.monotonic()

    def now() -> dt.datetime:
        return at + dt.timedelta(seconds=time.monotonic() - begun)

    lanes = ThreadPoolExecutor(max_workers=_LANES, thread_name_prefix="alerts")
    running = [lanes.submit(_serve, settings, ledger, known, address, now, at) for address in due_addresses(ledger, at)]
    done, unfinished = wait(running, timeout=_END_WITHIN_S)
    lanes.shutdown(wait=False, cancel_futures=True)
    return Delivery(sent=_collected(running, done), released=released, unfinished=len(unfinished))


def _collected(running: Sequence[Future[list[Sent]]], done: set[Future[list[Sent]]]) -> tuple[Sent, ...]:
    return tuple(each for lane in running if lane in done for each in lane.result())


def _serve(
    settings: Settings,
    ledger: Ledger,
    recipients: Recipients,
    address: Address,
    now: Callable[[], dt.datetime],
    begun_at: dt.datetime,
) -> list[Sent]:
    """Send the due messages of one address, the oldest first, until one is not taken."""
    sent: list[Sent] = []
    while now() - begun_at < dt.timedelta(seconds=_BEGIN_WITHIN_S):
        claimed = claim_next(ledger, address, now())
        if not claimed:
            break
        sent.append(_attempt(settings, ledger, recipients, claimed, now))
        if sent[-1].problem is not None:
            break
    return sent


def _attempt(
    settings: Settings,
    ledger: Ledger,
    recipients: Recipients,
    claimed: Sequence[Notification],
    now: Callable[[], dt.datetime],
) -> Sent:
    first = claimed[0]
    address, attempts = first.address, max(each.attempts for each in claimed)
    messages = [msgspec.convert(each.message, AlertMessage) for each in claimed]
    bulletin = bulletin_of(first.group_key, address, first.created_at, messages)
    try:
        _send(settings, recipients, address, bulletin, now())
    except AlertNotTakenError as error:
        is_dead = mark_failed(ledger, claimed, str(error), now()) == "dead"
        if is_dead and address.channel != "log":
            with contextlib.suppress(AlertNotTakenError):  # the ledger has it too
                append_to_log(settings, address, bulletin, problem=str(error))
        return Sent(address=address, headline=bulletin.headline, attempts=attempts, problem=str(error), is_dead=is_dead)
    mark_sent(ledger, claimed, now())
    return Sent(address=address, headline=bulletin.headline, attempts=attempts)


def _send(settings: Settings, recipients: Recipients, address: Address, bulletin: Bulletin, at: dt.datetime) -> None:
    if address.channel == "webhook":
        send_webhook(recipients, address.recipient, bulletin, at)
    elif address.channel == "slack":
        send_slack(recipients, address.recipient, bulletin)
    elif address.channel == "email":
        send_mail(recipients.alerts, address.recipient, bulletin, at)
    else:
        append_to_log(settings, address, bulletin)
