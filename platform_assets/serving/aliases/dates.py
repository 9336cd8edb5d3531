"""When the aliases were deprecated and when they end, and the headers that say so."""

import datetime as dt
from email.utils import format_datetime
from types import MappingProxyType

from platform_assets.clock import epoch_seconds

DEPRECATED_AT = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
SUNSET_AT = dt.datetime(2027, 12, 31, tzinfo=dt.UTC)
SUCCESSOR = "/v1/predict"
# RFC 9745, RFC 8594 and RFC 8288.
HEADERS = MappingProxyType(
    {
        "Deprecation": f"@{epoch_seconds(DEPRECATED_AT):.0f}",
        "Sunset": format_datetime(SUNSET_AT, usegmt=True),
        "Link": f'<{SUCCESSOR}>; rel="successor-version"',
    }
)
