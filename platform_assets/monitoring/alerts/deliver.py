"""Sends what is due: each address in a lane of its own, so that one that hangs holds up no other."""

import contextlib
import datetime as dt
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field

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
from platform_assets.monitoring.alerts.channels.deadline import SEND_WITHIN_S
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


@dataclass(frozen=True, slots=True)
class _Desk:
    """What every lane of one delivery shares."""

    settings: Settings
    ledger: Ledger
    recipients: Recipients
    at: dt.datetime
    within_s: float
    begun: float = field(default_factory=time.monotonic)

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.begun

    def now(self) -> dt.datetime:
        return self.at + dt.timedelta(seconds=self.elapsed_s)


def deliver(
    settings: Settings,
    ledger: Ledger,
    at: dt.datetime,
    *,
    recipients: Recipients | None = None,
    within_s: float = SEND_WITHIN_S,
) -> Delivery:
    """Send what is due by now, at least once each, with the same key in every attempt; ends within 40 seconds.

    Several deliveries at once share the messages. A message that is not taken within `within_s` is tried again
    later, and given up after twelve attempts in sixteen hours; it is then in `logs/alerts.jsonl` too. Raises
    LedgerUnavailableError.
    """
    desk = _Desk(settings, ledger, recipients or recipients_of(settings, ()), at, within_s)
    released = tell_held(ledger, at)
    lanes = ThreadPoolExecutor(max_workers=_LANES, thread_name_prefix="alerts")
    running = [lanes.submit(_serve, desk, address) for address in due_addresses(ledger, at)]
    done, unfinished = wait(running, timeout=_END_WITHIN_S)
    lanes.shutdown(wait=False, cancel_futures=True)
    sent = tuple(each for lane in running if lane in done for each in lane.result())
    return Delivery(sent=sent, released=released, unfinished=len(unfinished))


def _serve(desk: _Desk, address: Address) -> list[Sent]:
    """Send the due messages of one address, the oldest first, until one is not taken."""
    sent: list[Sent] = []
    while desk.elapsed_s < _BEGIN_WITHIN_S:
        claimed = claim_next(desk.ledger, address, desk.now())
        if not claimed:
            break
        sent.append(_attempt(desk, address, claimed))
        if sent[-1].problem is not None:
            break
    return sent


def _attempt(desk: _Desk, address: Address, claimed: Sequence[Notification]) -> Sent:
    attempts = max(each.attempts for each in claimed)
    sent = Sent(address=address, headline=claimed[0].topic, attempts=attempts)
    bulletin: Bulletin | None = None
    try:
        bulletin = _bulletin(address, claimed)
        sent = msgspec.structs.replace(sent, headline=bulletin.headline)
        _send(desk, address, bulletin)
    except AlertNotTakenError as error:
        is_dead = mark_failed(desk.ledger, claimed, str(error), desk.now()) == "dead"
        if is_dead and bulletin is not None and address.channel != "log":
            with contextlib.suppress(AlertNotTakenError):  # the ledger has it too
                append_to_log(desk.settings, address, bulletin, problem=str(error))
        return msgspec.structs.replace(sent, problem=str(error), is_dead=is_dead)
    mark_sent(desk.ledger, claimed, desk.now())
    return sent


def _bulletin(address: Address, claimed: Sequence[Notification]) -> Bulletin:
    try:
        messages = [msgspec.convert(each.message, AlertMessage) for each in claimed]
    except msgspec.ValidationError as error:  # written by another version; it must hold up no other message
        problem = f"notification {claimed[0].notification_id} is no alert of this version ({error})"
        raise AlertNotTakenError(where=address.recipient, problem=problem) from error
    return bulletin_of(claimed[0].group_key, address, claimed[0].created_at, messages)


def _send(desk: _Desk, address: Address, bulletin: Bulletin) -> None:
    recipient, alerts = address.recipient, desk.recipients.alerts
    if address.channel == "webhook":
        send_webhook(desk.recipients, recipient, bulletin, desk.now(), within_s=desk.within_s)
    elif address.channel == "slack":
        send_slack(desk.recipients, recipient, bulletin, within_s=desk.within_s)
    elif address.channel == "email":
        send_mail(alerts, recipient, bulletin, desk.now(), within_s=desk.within_s)
    else:
        append_to_log(desk.settings, address, bulletin)
