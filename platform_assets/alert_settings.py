"""Where alerts are sent, as the environment says it; no secret of it is ever in a `repr` or an error."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self, cast, get_args
from urllib.parse import urlsplit

from platform_assets.errors import InvalidSettingError

Tls = Literal["offered", "required"]
_SERVER = re.compile(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}")
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")
_HIDDEN = "(not shown)"
_SHORTEST_SECRET = 24
SECRET_PREFIX = "whsec_"  # noqa: S105 - what such secrets begin with, none itself


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """Channels of alerts. Without any, alerts are lines of `logs/alerts.jsonl`.

    A webhook and a Slack URL let whoever knows them write there, so they are secrets too. `smtp` is `host:port`.
    """

    webhook: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    slack: str | None = field(default=None, repr=False)
    smtp: str | None = None
    smtp_tls: Tls = "offered"
    smtp_user: str | None = None
    smtp_password: str | None = field(default=None, repr=False)
    sender: str = "platform@localhost"
    dagster_url: str | None = None

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Self:
        """Read `PLATFORM_ALERT_*`; raises InvalidSettingError naming the variable."""
        settings = cls(
            webhook=_url(env, "PLATFORM_ALERT_WEBHOOK"),
            secret=_secret(env, "PLATFORM_ALERT_SECRET"),
            slack=_url(env, "PLATFORM_ALERT_SLACK"),
            smtp=_matching(env, "PLATFORM_ALERT_SMTP", _SERVER, "host:port of a mail server"),
            smtp_tls=_tls(env, "PLATFORM_ALERT_SMTP_TLS"),
            smtp_user=env.get("PLATFORM_ALERT_SMTP_USER") or None,
            smtp_password=env.get("PLATFORM_ALERT_SMTP_PASSWORD") or None,
            sender=_matching(env, "PLATFORM_ALERT_FROM", _ADDRESS, "an address like a@example.com") or cls().sender,
            dagster_url=_url(env, "PLATFORM_ALERT_DAGSTER_URL"),
        )
        if settings.webhook and not settings.secret:
            allowed = "a secret that the receiver of PLATFORM_ALERT_WEBHOOK knows too: nothing is sent unsigned"
            raise InvalidSettingError(name="PLATFORM_ALERT_SECRET", value="", allowed=allowed)
        if settings.smtp_user and settings.smtp_tls != "required":
            allowed = "required, because a password is sent to the mail server (PLATFORM_ALERT_SMTP_USER)"
            raise InvalidSettingError(name="PLATFORM_ALERT_SMTP_TLS", value=settings.smtp_tls, allowed=allowed)
        return settings

    @property
    def variables(self) -> dict[str, str]:
        """The environment from which equal settings are read."""
        return {
            "PLATFORM_ALERT_WEBHOOK": self.webhook or "",
            "PLATFORM_ALERT_SECRET": self.secret or "",
            "PLATFORM_ALERT_SLACK": self.slack or "",
            "PLATFORM_ALERT_SMTP": self.smtp or "",
            "PLATFORM_ALERT_SMTP_TLS": self.smtp_tls,
            "PLATFORM_ALERT_SMTP_USER": self.smtp_user or "",
            "PLATFORM_ALERT_SMTP_PASSWORD": self.smtp_password or "",
            "PLATFORM_ALERT_FROM": self.sender,
            "PLATFORM_ALERT_DAGSTER_URL": self.dagster_url or "",
        }


def _url(env: Mapping[str, str], name: str) -> str | None:
    text = env.get(name) or None
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or parts.username or not text.isprintable() or " " in text:
        raise InvalidSettingError(name=name, value=_HIDDEN, allowed="an http or https URL without a user name")
    return text


def _secret(env: Mapping[str, str], name: str) -> str | None:
    text = env.get(name) or None
    if text is None:
        return None
    allowed = f"{_SHORTEST_SECRET} characters or more, or {SECRET_PREFIX} and the same as base64"
    try:
        long = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True) if _is_encoded(text) else text
    except binascii.Error:
        raise InvalidSettingError(name=name, value=_HIDDEN, allowed=allowed) from None
    if len(long) < _SHORTEST_SECRET:
        raise InvalidSettingError(name=name, value=_HIDDEN, allowed=allowed)
    return text


def _is_encoded(secret: str) -> bool:
    return secret.startswith(SECRET_PREFIX)


def _matching(env: Mapping[str, str], name: str, pattern: re.Pattern[str], allowed: str) -> str | None:
    text = env.get(name) or None
    if text is not None and not pattern.fullmatch(text):
        raise InvalidSettingError(name=name, value=text, allowed=allowed)
    return text


def _tls(env: Mapping[str, str], name: str) -> Tls:
    text = env.get(name) or "offered"
    if text not in get_args(Tls):
        raise InvalidSettingError(name=name, value=text, allowed=" or ".join(get_args(Tls)))
    return cast("Tls", text)
