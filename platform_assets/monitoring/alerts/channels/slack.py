"""A bulletin as an incoming webhook of Slack, or of what speaks like it, takes it."""

from typing import Any

import msgspec

from platform_assets.errors import AlertNotTakenError
from platform_assets.monitoring.alerts.channels.http_post import post
from platform_assets.monitoring.alerts.message import AlertMessage, Bulletin, label_of, told_facts
from platform_assets.monitoring.alerts.recipients import Recipients

# Limits of Slack: characters of a header and of a section; a message has at most 50 blocks, a bulletin 20 alerts.
_HEADER = 150
_SECTION = 3000


def send_slack(recipients: Recipients, recipient: str, bulletin: Bulletin, *, within_s: float) -> None:
    """POST a bulletin to the configured Slack webhook; raises AlertNotTakenError."""
    if not recipients.alerts.slack:
        raise AlertNotTakenError(where=recipient, problem="PLATFORM_ALERT_SLACK is not configured any more")
    body = msgspec.json.encode(slack_payload(bulletin))
    post(recipients.alerts.slack, body, {"User-Agent": "platform-alerts"}, within_s=within_s)


def slack_payload(bulletin: Bulletin) -> dict[str, Any]:
    """Return a bulletin as blocks, with the headline as text for notifications and for programs without blocks."""
    header = {"type": "header", "text": {"type": "plain_text", "text": _cut(bulletin.headline, _HEADER)}}
    more = f" · {bulletin.left_out} more: `platform promises`" if bulletin.left_out else ""
    footer = {"type": "context", "elements": [{"type": "mrkdwn", "text": f"`{bulletin.key}`{more}"}]}
    blocks = [header, *map(_section, bulletin.alerts), footer]
    return {"text": _escaped(bulletin.headline), "blocks": blocks}


def _section(message: AlertMessage) -> dict[str, Any]:
    facts = [f"*{name}*: {_escaped(text)}" for name, text in told_facts(message).items()]
    links = [
        f"<{target}|{name}>" if target.startswith(("http://", "https://")) else f"{name}: `{_escaped(target)}`"
        for name, target in message.links.items()
    ]
    lines = [f"*{label_of(message)}* {_escaped(message.what)}", *facts, *links]
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut("\n".join(lines), _SECTION)}}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
