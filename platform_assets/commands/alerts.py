"""`platform alerts`: what was told to whom, what was not taken, and when to keep silent."""

import datetime as dt
import re
from typing import TYPE_CHECKING, Annotated, get_args

import msgspec
import typer

from platform_assets.clock import parse_instant, wall_now
from platform_assets.commands.alert_tables import (
    delivery_table,
    notification_table,
    notifications_table,
    silence_table,
)
from platform_assets.commands.existing_ledger import existing_ledger
from platform_assets.commands.operator import ByOption, ReasonOption, mandate_of
from platform_assets.commands.product_names import product_named
from platform_assets.commands.terminal import JsonFlag, facts_table, finish, show
from platform_assets.contract.alert_rules import ALERT_RULES
from platform_assets.contract.promises import RULE_PREFIX, PromiseName
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.ledger.database import Ledger

alerts = typer.Typer(no_args_is_help=True, help="See what was told to whom, send it again, or keep silent for a while.")

IdArgument = Annotated[int, typer.Argument(metavar="ID", help="Number, as `list` shows it.", min=1)]
ProductArgument = Annotated[str | None, typer.Argument(help="Name of a product; the default is all.")]
PromiseOption = Annotated[str, typer.Option("--promise", help="One promise or rule alone; the default is all.")]
_LENGTHS = {"m": "minutes", "h": "hours", "d": "days"}
_LONGEST = dt.timedelta(days=30)
_PROMISES = (*get_args(PromiseName), *(f"{RULE_PREFIX}{rule.name}" for rule in ALERT_RULES))
_STATES = ("waiting", "sent", "held", "withheld", "dead")


@alerts.command("list")
def list_alerts(
    state: Annotated[str | None, typer.Option("--state", help=f"One of {', '.join(_STATES)}.")] = None,
    newest: Annotated[int, typer.Option("--newest", help="How many at most.", min=1)] = 50,
    *,
    as_json: JsonFlag = False,
) -> None:
    """List the newest alerts with what became of each, and what keeps silent now or later."""
    if state not in {None, *_STATES}:
        problem = f"{state!r} is no state of an alert, take one of {', '.join(_STATES)}"
        raise typer.BadParameter(problem)
    ledger = existing_ledger(Settings.from_environment())
    if ledger is None:
        found, silent = [], []
    else:
        from platform_assets.ledger.notifications import notifications
        from platform_assets.ledger.silences import silences

        states = [each for each in _STATES if each == state] if state else None
        found = notifications(ledger, states=states, newest=newest)  # type: ignore[arg-type] # checked above
        silent = silences(ledger, wall_now())
    told = {"alerts": found, "silences": silent}
    show(told, as_json=as_json, render=lambda: notifications_table(found, silent))


@alerts.command("show")
def show_alert(notification: IdArgument, *, as_json: JsonFlag = False) -> None:
    """Show one alert as its reader gets it, and every fact about its delivery."""
    from platform_assets.ledger.notifications import get_notification

    found = get_notification(_ledger(), notification)
    show(found, as_json=as_json, render=lambda: notification_table(found))


@alerts.command("test")
def send_trial(
    email: Annotated[str | None, typer.Option("--email", help="Where a test mail goes, if mail is configured.")] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Send a test alert on every configured channel at once; exit code 1 when one of them does not take it."""
    from platform_assets.ledger.notifications import notifications
    from platform_assets.monitoring.alerts.deliver import deliver
    from platform_assets.monitoring.alerts.trial import TRIAL, enqueue_trial

    settings, ledger, at = Settings.from_environment(), _ledger(), wall_now()
    addresses = enqueue_trial(settings, ledger, email or settings.alerts.sender, at)
    delivery = deliver(settings, ledger, at)
    show(delivery, as_json=as_json, render=lambda: delivery_table(delivery))
    # Whoever sent it: the sensor may have been quicker.
    finish(is_ok=all(each.state == "sent" for each in notifications(ledger, topic=TRIAL, newest=len(addresses))))


@alerts.command("deliver")
def deliver_alerts(*, as_json: JsonFlag = False) -> None:
    """Send what is due, as the sensor `alert_delivery` does; exit code 1 when a receiver did not take its alert."""
    from platform_assets.monitoring.alerts.deliver import deliver

    delivery = deliver(Settings.from_environment(), _ledger(), wall_now())
    show(delivery, as_json=as_json, render=lambda: delivery_table(delivery))
    finish(is_ok=not delivery.failed and not delivery.unfinished)


@alerts.command("retry")
def retry_alert(notification: IdArgument, *, as_json: JsonFlag = False) -> None:
    """Let an alert that waits or was given up be sent from its first attempt on, with all of its message."""
    from platform_assets.ledger.notifications import retry_notification

    found = retry_notification(_ledger(), notification, wall_now())
    show(found, as_json=as_json, render=lambda: notifications_table(found, []))
    finish(is_ok=any(each.state == "waiting" for each in found))


@alerts.command("silence")
def add_silence_now(
    reason: ReasonOption,
    lasts: Annotated[str, typer.Option("--for", help="How long: 30m, 4h, 2d; at most 30 days.")],
    product: ProductArgument = None,
    promise: PromiseOption = "",
    by: ByOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Hold alerts from now for a while; what is still broken then is told as a summary."""
    now = wall_now()
    _silence("silence", (now, now + _length(lasts)), product, promise, (by, reason), as_json=as_json)


@alerts.command("maintenance")
def plan_maintenance(
    reason: ReasonOption,
    start: Annotated[str, typer.Option("--start", help="ISO 8601, UTC where no zone is given.")],
    lasts: Annotated[str, typer.Option("--for", help="How long: 30m, 4h, 2d; at most 30 days.")],
    product: ProductArgument = None,
    promise: PromiseOption = "",
    by: ByOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Plan a time in which alerts are held; what is still broken at its end is told as a summary."""
    try:
        starts_at = parse_instant(start)
    except ValueError:
        problem = f"{start!r} is no ISO 8601 instant like 2026-01-31T22:00"
        raise typer.BadParameter(problem) from None
    if starts_at + _length(lasts) <= wall_now():
        problem = "that is over already"
        raise typer.BadParameter(problem)
    _silence("maintenance", (starts_at, starts_at + _length(lasts)), product, promise, (by, reason), as_json=as_json)


@alerts.command("unsilence")
def end_silence_now(silence: IdArgument, *, as_json: JsonFlag = False) -> None:
    """End a silence or a maintenance now; what is held for it is told with the next delivery."""
    from platform_assets.ledger.silences import end_silence

    ended = end_silence(_ledger(), silence, wall_now())
    show(ended, as_json=as_json, render=lambda: silence_table([ended]))


@alerts.command("key")
def show_key(
    consumer: Annotated[str, typer.Argument(help="Name of a declared consumer.")], *, as_json: JsonFlag = False
) -> None:
    """Print the secret with which the webhook of a consumer verifies its alerts; give it to that consumer alone."""
    from platform_assets.consumers import CONSUMERS
    from platform_assets.monitoring.alerts.channels.signature import secret_for

    secret = Settings.from_environment().alerts.secret
    names = [each.name for each in CONSUMERS]
    if secret is None or consumer not in names:
        missing = f"no consumer is called {consumer!r}, take one of {', '.join(names)}"
        problem = missing if secret else "set PLATFORM_ALERT_SECRET first: the secrets of consumers are made from it"
        raise typer.BadParameter(problem)
    told = {"consumer": consumer, "secret": secret_for(secret, consumer)}
    show(told, as_json=as_json, render=lambda: facts_table(told))


def _silence(
    kind: str,
    span: tuple[dt.datetime, dt.datetime],
    product: str | None,
    promise: str,
    who: tuple[str | None, str],
    *,
    as_json: bool,
) -> None:
    from platform_assets.ledger.silences import SilenceKind, add_silence

    if promise and promise not in _PROMISES:
        problem = f"{promise!r} is no promise, take one of {', '.join(_PROMISES)}"
        raise typer.BadParameter(problem)
    mandate = mandate_of(Settings.from_environment(), *who)
    name = product_named(product).name if product else ""
    checked = msgspec.convert(kind, SilenceKind)
    added = add_silence(_ledger(), checked, mandate, starts_at=span[0], ends_at=span[1], product=name, promise=promise)
    show(added, as_json=as_json, render=lambda: silence_table([added]))


def _length(text: str) -> dt.timedelta:
    match = re.fullmatch(r"([1-9][0-9]{0,4})([mhd])", text)
    length = dt.timedelta(**{_LENGTHS[match[2]]: int(match[1])}) if match else None
    if length is None or length > _LONGEST:
        problem = f"{text!r} is no length of time like 30m, 4h or 2d, at most 30d"
        raise typer.BadParameter(problem)
    return length


def _ledger() -> "Ledger":
    from platform_assets.ledger.database import open_ledger

    return open_ledger(Settings.from_environment().ledger_dsn)
