"""What an answer by a release that is kept says in its headers: deprecated since when, and gone from when on."""

from collections.abc import Iterable
from email.utils import format_datetime
from urllib.parse import quote

from platform_assets.clock import epoch_seconds
from platform_assets.contract.versions import EarlierVersion
from platform_assets.serving.traffic.split import Kept, Split
from platform_assets.serving.wire import Answers, SingleAnswer

DEPRECATION, SUNSET, LINK = "Deprecation", "Sunset", "Link"  # RFC 9745, RFC 8594, RFC 8288
_OF_ADDRESSES = ":/?#[]@!$&'()*+,;=%~-._"


def deprecation_headers(split: Split | None, answers: Answers | SingleAnswer) -> dict[str, str]:
    """Return the headers of an answer; none unless a kept release gave it."""
    kept = split.kept.get(answers.release_id) if split is not None else None
    return {} if kept is None else _told(kept)


def as_raw(headers: dict[str, str]) -> Iterable[tuple[bytes, bytes]]:
    """Return headers as ASGI takes them."""
    return [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in headers.items()]


def _told(kept: Kept) -> dict[str, str]:
    told = {
        DEPRECATION: f"@{epoch_seconds(kept.deprecated_at):.0f}",
        SUNSET: format_datetime(kept.until, usegmt=True),
    }
    return told if kept.version is None else told | {LINK: _links(kept.live.product.name, kept.version)}


def _links(product: str, version: EarlierVersion) -> str:
    """Return where the version in force is told, and the page about the move where there is one."""
    links = [f'</v1/products/{product}>; rel="successor-version"']
    if version.link is not None:
        links.append(f'<{quote(version.link, safe=_OF_ADDRESSES)}>; rel="deprecation"')
    return ", ".join(links)
