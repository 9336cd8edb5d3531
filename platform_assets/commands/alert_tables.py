"""How alerts and silences look to a person at a terminal."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from platform_assets.commands.terminal import facts_table

if TYPE_CHECKING:
    from platform_assets.ledger.notifications import Notification
    from platform_assets.ledger.silences import Silence
    from platform_assets.monitoring.alerts.deliver import Delivery

_STYLES = {"waiting": "yellow", "sent": "green", "held": "cyan", "withheld": "dim", "dead": "red"}


def notifications_table(found: "Sequence[Notification]", silent: "Sequence[Silence]") -> RenderableType:
    """Return alerts, one a line, above what keeps silent."""
    table = Table("Id", "State", "To", "What", "Written", "Tried", "Problem", box=None, padding=(0, 1))
    for each in found:
        table.add_row(
            str(each.notification_id),
            f"[{_STYLES[each.state]}]{each.state}[/]",
            escape(f"{each.recipient} ({each.channel})"),
            escape(str(each.message.get("what", each.topic))),
            _instant(each.created_at),
            str(each.attempts),
            escape(each.problem or ""),
        )
    return Group(table, Text(), silence_table(silent)) if silent else table


def notification_table(found: "Notification") -> RenderableType:
    """Return one alert as its reader gets it, below the facts about its delivery."""
    from platform_assets.monitoring.alerts.message import AlertMessage, as_text, bulletin_of

    message = msgspec.convert(found.message, AlertMessage)
    bulletin = bulletin_of(found.group_key, found.address, found.created_at, [message])
    facts = {
        "to": f"{found.recipient} ({found.channel})",
        "state": found.state,
        "written": _instant(found.created_at),
        "attempts": found.attempts,
        "next attempt": _instant(found.next_attempt_at) if found.state == "waiting" else "",
        "sent": _instant(found.sent_at) if found.sent_at else "",
        "problem": found.problem or "",
        "message": f"{found.group_key}, key {bulletin.key}",
    }
    return Group(
        facts_table({name: fact for name, fact in facts.items() if fact != ""}), Text(), Text(as_text(bulletin))
    )


def silence_table(silent: "Sequence[Silence]") -> Table:
    """Return what keeps silent, one a line."""
    table = Table("Id", "Kind", "Product", "Promise", "From", "To", "By", "Reason", box=None, padding=(0, 1))
    for each in silent:
        end = _instant(each.ended_at or each.ends_at) + (" (ended)" if each.ended_at else "")
        which = (each.product or "all", each.promise or "all")
        facts = (str(each.silence_id), each.kind, *which, _instant(each.starts_at), end, each.created_by, each.reason)
        table.add_row(*map(escape, facts))
    return table


def delivery_table(delivery: "Delivery") -> RenderableType:
    """Return what a delivery did, one message a line."""
    table = Table("To", "Result", "Attempt", "What", box=None, padding=(0, 1))
    for each in delivery.sent:
        result = "[green]taken[/]" if each.problem is None else f"[red]{escape(each.problem)}[/]"
        to = f"{each.address.recipient} ({each.address.channel})"
        table.add_row(escape(to), result, str(each.attempts), escape(each.headline))
    return table if delivery.sent else Text("no alert was due")


def _instant(instant: dt.datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S}"
