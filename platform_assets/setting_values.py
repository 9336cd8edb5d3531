"""How single settings are read from the text of their variables; each is refused by the name of its variable."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from platform_assets.errors import InvalidSettingError

_BROKER = re.compile(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}")


def choice(env: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    """Return one of the allowed values."""
    value = env.get(name, default)
    if value not in allowed:
        raise InvalidSettingError(name=name, value=value, allowed=" or ".join(allowed))
    return value


def directories(env: Mapping[str, str], name: str) -> tuple[Path, ...]:
    """Return absolute paths, none where the variable is not set."""
    texts = [text for text in env.get(name, "").split(os.pathsep) if text]
    for text in texts:
        if not Path(text).is_absolute():
            raise InvalidSettingError(name=name, value=text, allowed=f"absolute paths, separated by {os.pathsep!r}")
    return tuple(map(Path, texts))


def brokers(env: Mapping[str, str], name: str) -> str | None:
    """Return `host:port` of one or more brokers as sent."""
    text = env.get(name) or None
    if text is not None and not all(_BROKER.fullmatch(part.strip()) for part in text.split(",")):
        raise InvalidSettingError(name=name, value=text, allowed="host:port of one or more brokers, separated by ','")
    return text


def number(env: Mapping[str, str], name: str, default: int, allowed: range) -> int:
    """Return a whole number of a range."""
    value = env.get(name, str(default))
    if not value.isdecimal() or int(value) not in allowed:
        raise InvalidSettingError(name=name, value=value, allowed=f"a number from {allowed[0]} to {allowed[-1]}")
    return int(value)


def optional_port(env: Mapping[str, str], name: str) -> int | None:
    """Return a port, None where the variable is not set."""
    return port(env, name, 0) if env.get(name) else None


def port(env: Mapping[str, str], name: str, default: int) -> int:
    """Return a port."""
    value = env.get(name, str(default))
    if not value.isdecimal() or not 0 < int(value) < 65_536:  # noqa: PLR2004 - the largest TCP port is 65535
        raise InvalidSettingError(name=name, value=value, allowed="a port from 1 to 65535")
    return int(value)
