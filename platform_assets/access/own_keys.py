"""The keys that the platform makes for itself: one for its own processes, one for the person whose platform it is.

Both lie in files that only their owner may read, in the form in which `curl -H @FILE` takes headers. They expire, and
are made anew in time by whoever uses them.
"""

import datetime as dt
from typing import Literal

from platform_assets.access.api_keys import key_id_of
from platform_assets.access.key_store import KeyStore
from platform_assets.access.private_files import held, read_private, write_private
from platform_assets.access.words import ROLE_PURPOSES, Role, role_actor
from platform_assets.clock import wall_now
from platform_assets.settings import Settings

Own = Literal["service", "me"]
_ROLES: dict[Own, Role] = {"service": "service", "me": "admin"}
_LASTS = dt.timedelta(days=90)
_LEFT = dt.timedelta(days=14)
_BEARER = "Authorization: Bearer "


def own_headers(settings: Settings, who: Own = "service", *, at: dt.datetime | None = None) -> dict[str, str]:
    """Return the headers with which the platform calls its own endpoint; none where access control is off."""
    if settings.access == "open":
        return {}
    name, _, value = _own_line(settings, who, at or wall_now()).partition(": ")
    return {name: value}


def make_own_keys(settings: Settings) -> None:
    """Make the keys that are missing or about to expire."""
    for who in _ROLES:
        own_headers(settings, who)


def _own_line(settings: Settings, who: Own, at: dt.datetime) -> str:
    path, keys = settings.access_dir / who, KeyStore.of(settings)
    with held(path):
        line = (read_private(path) or b"").decode().strip()
        kept = keys.read().get(key_id_of(line.removeprefix(_BEARER)) or "")
        if kept is None or not kept.is_usable(at + _LEFT):
            role = _ROLES[who]
            made = keys.create(
                subject=f"platform:{who}",
                actors=[role_actor(role)],
                purposes=[ROLE_PURPOSES[role]],
                by="platform",
                at=at,
                lasts=_LASTS,
            )
            line = _BEARER + made.text
            write_private(path, f"{line}\n".encode(), fsync=settings.fsync)
    return line
