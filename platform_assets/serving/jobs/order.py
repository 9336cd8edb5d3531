"""The settings of the endpoint on their way to a worker: one line on its standard input, not in its arguments.

The input stays open as long as the endpoint lives, so its end tells the worker that the endpoint is gone.
"""

from pathlib import Path

import msgspec

from platform_assets.settings import Settings


def encode_settings(settings: Settings) -> bytes:
    """Return settings as one line."""
    return msgspec.json.encode(settings, enc_hook=str) + b"\n"


def decode_settings(line: bytes) -> Settings:
    """Return the settings of a line, equal to those that were encoded."""
    return msgspec.json.decode(line, type=Settings, dec_hook=_decode)


def _decode(kind: type, value: object) -> object:
    return Path(str(value)) if issubclass(kind, Path) else value
