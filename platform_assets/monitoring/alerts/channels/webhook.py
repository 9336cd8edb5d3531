"""A bulletin as a signed POST of JSON."""

import datetime as dt

import msgspec

from platform_assets.errors import AlertNotTakenError
from platform_assets.monitoring.alerts.channels.http_post import post
from platform_assets.monitoring.alerts.channels.signature import secret_for, signed_headers
from platform_assets.monitoring.alerts.message import Bulletin
from platform_assets.monitoring.alerts.recipients import OPERATOR, Recipients


def send_webhook(
    recipients: Recipients, recipient: str, bulletin: Bulletin, at: dt.datetime, *, within_s: float
) -> None:
    """POST a bulletin to the operator's webhook or to that of a consumer; raises AlertNotTakenError."""
    url, secret = _target(recipients, recipient)
    body = msgspec.json.encode(bulletin)
    headers = {"User-Agent": "platform-alerts", **signed_headers(secret, bulletin.key, at, body)}
    post(url, body, headers, within_s=within_s)


def _target(recipients: Recipients, recipient: str) -> tuple[str, str]:
    alerts, consumer = recipients.alerts, recipients.consumer_at(recipient)
    # What was meant for a consumer that is declared no more is nobody else's.
    of_operator = alerts.webhook if recipient == OPERATOR else None
    url = consumer.contact.webhook if consumer else of_operator
    if not url or not alerts.secret:
        problem = "no URL or no PLATFORM_ALERT_SECRET is configured for it any more"
        raise AlertNotTakenError(where=recipient, problem=problem)
    return url, secret_for(alerts.secret, consumer.name) if consumer else alerts.secret
