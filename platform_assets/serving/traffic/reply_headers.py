"""What an answer by a release that is kept says in its headers: deprecated since when, and gone from when on."""

from collections.abc import Iterable
from email.utils import format_datetime

from platform_assets.clock import epoch_seconds
from platform_assets.serving.traffic.split import Kept, Split
from platform_assets.serving.wire import Answers, SingleAnswer

DEPRECATION, SUNSET = "Deprecation", "Sunset"  # RFC 9745, RFC 8594


def deprecation_headers(split: Split | None, answers: Answers | SingleAnswer) -> dict[str, str]:
    """Return the headers of an answer; none unless a kept release gave it."""
    kept = split.kept.get(answers.release_id) if split is not None else None
    return {} if kept is None else _told(kept)


def as_raw(headers: dict[str, str]) -> Iterable[tuple[bytes, bytes]]:
    """Return headers as ASGI takes them."""
    return [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in headers.items()]


def _told(kept: Kept) -> dict[str, str]:
    return {
        DEPRECATION: f"@{epoch_seconds(kept.deprecated_at):.0f}",
        SUNSET: format_datetime(kept.until, usegmt=True),
    }
