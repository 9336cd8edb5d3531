"""Makes the running endpoint serve the release in force, and puts the one before back when it refuses."""

import datetime as dt
import time
from contextlib import suppress
from dataclasses import dataclass

import httpx
import msgspec

from platform_assets.access.own_keys import own_headers
from platform_assets.errors import DeploymentError, NoReleaseError, ReleaseConflictError, VersionRefusedError
from platform_assets.inference.live_pointer import LivePointer, move_live, read_live
from platform_assets.inference.pointer_moves import Cause
from platform_assets.settings import Settings

_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Deployment:
    """What the endpoint serves after a deployment, and what it served before."""

    product: str
    release_id: str
    sequence: int
    previous_release: str | None
    url: str

    def as_metadata(self) -> dict[str, str | int]:
        """Return the deployment as asset metadata."""
        return {
            "release_id": self.release_id,
            "sequence": self.sequence,
            "previous_release": self.previous_release or "none",
            "url": self.url,
        }


class _Release(msgspec.Struct):
    release_id: str
    sequence: int


class _Seen(msgspec.Struct):
    """The part of the endpoint's view of a product that a deployment needs."""

    release: _Release | None = None
    error: str | None = None
    detail: str | None = None


def deploy(settings: Settings, product: str, *, at: dt.datetime, timeout_s: float = 30.0) -> Deployment:
    """Return once the endpoint serves the release in force.

    When the endpoint refuses it, the release that it served before is put back in force. Raises DeploymentError then,
    and also when no endpoint answers: the pointer stays in that case, and the endpoint obeys it when it starts.
    Raises NoReleaseError when nothing was ever released.
    """
    live = read_live(settings.releases_dir, product)
    if live is None:
        raise NoReleaseError(product=product)
    url = f"http://127.0.0.1:{settings.endpoint_port}"
    try:
        with httpx.Client(base_url=url, timeout=10.0, headers=own_headers(settings)) as client:
            before = _see(client.get(f"/v1/products/{product}"))
            after = _reload(client, product, live, timeout_s)
    except (httpx.TransportError, msgspec.DecodeError) as error:
        reason = f"no endpoint answers at {url} ({error}); start it with `make up`"
        raise DeploymentError(product=product, release=live.release_id, reason=reason) from error
    previous = before.release.release_id if before.release else None
    # A later move during the wait is served too, and is as good.
    if after.release is None or after.release.sequence < live.sequence:
        reason = after.error or after.detail or "it did not switch in time"
        _put_back(settings, product, live, previous, at, reason)
        raise DeploymentError(product=product, release=live.release_id, reason=reason)
    return Deployment(product, after.release.release_id, after.release.sequence, previous, f"{url}/v1/predict")


def _reload(client: httpx.Client, product: str, live: LivePointer, timeout_s: float) -> _Seen:
    deadline = time.monotonic() + timeout_s
    while True:
        seen = _see(client.post(f"/v1/products/{product}/reload"))
        is_switched = seen.release is not None and seen.release.sequence >= live.sequence
        if is_switched or seen.error or time.monotonic() > deadline:
            return seen
        time.sleep(_POLL_S)


def _see(response: httpx.Response) -> _Seen:
    return msgspec.json.decode(response.content, type=_Seen)


def _put_back(
    settings: Settings, product: str, live: LivePointer, previous: str | None, at: dt.datetime, reason: str
) -> None:
    if previous is None or previous == live.release_id:
        return
    # Who moved the pointer meanwhile, or rejected the version before, knew better.
    with suppress(ReleaseConflictError, VersionRefusedError):
        move_live(
            settings.releases_dir,
            product,
            expected_sequence=live.sequence,
            release_id=previous,
            moved_at=at,
            cause=Cause(kind="moved", by="endpoint", reason=f"it refused release {live.release_id}: {reason}"),
            fsync=settings.fsync,
        )
