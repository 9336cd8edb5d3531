"""Is a service healthy? Each probe returns None when it is, else one sentence with the problem; it never raises."""

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_TIMEOUT_SECONDS = 3.0
_DAEMONS = "{instance{daemonHealth{allDaemonStatuses{daemonType required healthy lastHeartbeatTime}}}}"


def probe_http(url: str) -> str | None:
    """Ask one URL; healthy when it answers with a status below 400 in time."""
    try:
        status, _ = request("GET", url)
    except (OSError, http.client.HTTPException) as error:
        return f"{url} does not answer ({type(error).__name__}: {error})"
    return None if status < http.client.BAD_REQUEST else f"{url} answers {status}"


def probe_daemons(webserver_url: str, *, started_at: float) -> str | None:
    """Ask the Dagster webserver whether every required daemon had a heartbeat since `started_at` (epoch seconds).

    Without a webserver nothing more can be known than that the process runs, which counts as healthy.
    """
    try:
        _, body = request("POST", f"{webserver_url}/graphql", {"query": _DAEMONS})
        statuses = json.loads(body)["data"]["instance"]["daemonHealth"]["allDaemonStatuses"]
    except (OSError, http.client.HTTPException):
        return None
    except (ValueError, KeyError, TypeError) as error:
        return f"the webserver's answer about daemons is unreadable ({error!r})"
    waiting = [status["daemonType"] for status in statuses if status["required"] and _is_waiting(status, started_at)]
    return f"no heartbeat yet from {', '.join(sorted(waiting))}" if waiting else None


def _is_waiting(status: dict[str, Any], started_at: float) -> bool:
    last = status["lastHeartbeatTime"]
    return not status["healthy"] or last is None or last < started_at


def request(
    method: str, url: str, document: object = None, *, headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    """Send one HTTP request, with a JSON document if given; return status and body. Raises OSError, HTTPException."""
    parts = urlsplit(url)
    scheme = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = scheme(parts.hostname or "", parts.port, timeout=_TIMEOUT_SECONDS)
    body = None if document is None else json.dumps(document)
    try:
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        sent = {**(headers or {}), **({"Content-Type": "application/json"} if body else {})}
        connection.request(method, target, body, sent)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
