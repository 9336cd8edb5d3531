"""Where lineage events go: a file of one event a line, or a catalogue that takes them over HTTP."""

from typing import TYPE_CHECKING

from platform_assets.errors import LineageNotTakenError
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from openlineage.client import OpenLineageClient
    from openlineage.client.event_v2 import RunEvent

_TIMEOUT_S = 5.0


def emit(settings: Settings, events: "Iterable[RunEvent]") -> None:
    """Hand events over in order; raises LineageNotTakenError for the first that is not taken."""
    from requests import RequestException

    client = _client(settings)
    try:
        for event in events:
            client.emit(event)
    except (OSError, RequestException) as error:
        raise LineageNotTakenError(outlet=_outlet(settings), problem=str(error)) from error


def _client(settings: Settings) -> "OpenLineageClient":
    from openlineage.client import OpenLineageClient
    from openlineage.client.transport.file import FileConfig, FileTransport
    from openlineage.client.transport.http import HttpConfig, HttpTransport

    if settings.openlineage_url is not None:
        # The sensor asks again; a tick that waits through retries would hold up the others.
        config = HttpConfig(url=settings.openlineage_url, timeout=_TIMEOUT_S, retry={"total": 0})
        return OpenLineageClient(transport=HttpTransport(config))
    settings.lineage_file.parent.mkdir(parents=True, exist_ok=True)
    return OpenLineageClient(transport=FileTransport(FileConfig(str(settings.lineage_file), append=True)))


def _outlet(settings: Settings) -> str:
    return settings.openlineage_url or str(settings.lineage_file)
