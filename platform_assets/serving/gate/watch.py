"""Access control while an endpoint runs: built from the settings, refreshed each second, its log written out."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from platform_assets.clock import wall_now
from platform_assets.serving.access import OPEN_ACCESS, Access
from platform_assets.serving.health import Component
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.access.control import AccessControl

LOG = logging.getLogger("platform.access")


@dataclass(slots=True)
class AccessWatch:
    """The access control of one endpoint; without one everybody on this machine may have everything."""

    control: "AccessControl | None"

    @property
    def access(self) -> Access:
        """What decides."""
        return OPEN_ACCESS if self.control is None else self.control

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow policy, keys and issuer inside this context; at its end every access is on disk."""
        control = self.control
        if control is None:
            _say("access control is off (PLATFORM_ACCESS=open): every program on this machine may have everything")
            yield
            return
        from platform_assets.access.following import following  # noqa: PLC0415 - casbin, only for those who need it

        async with following(control, _say):
            yield

    def components(self) -> dict[str, Component]:
        """Tell whether callers are told apart, and whether it is written down."""
        control = self.control
        if control is None:
            return {"access": Component(status="ok", detail="off: every program on this machine may have everything")}
        if control.is_blocked:
            return {
                "access": Component(status="failing", detail="nothing is allowed: the access log cannot be written")
            }
        if control.problem is not None:
            return {"access": Component(status="degraded", detail=control.problem)}
        detail = f"{len(control.policy.grants)} grants; {control.log.waiting} accesses on their way to the log"
        return {"access": Component(status="ok", detail=detail)}


def watch_access(settings: Settings, *, worker: int) -> AccessWatch:
    """Return the access control that the settings ask for; each worker has a chain of its own in the access log.

    Raises AccessError when it cannot work at all: an endpoint that cannot account for accesses does not start.
    """
    if settings.access == "open":
        return AccessWatch(None)
    from platform_assets.access.control import AccessControl  # noqa: PLC0415 - casbin, only for those who need it
    from platform_assets.access.log_chain import Chain  # noqa: PLC0415 - the same
    from platform_assets.access.log_files import LogFiles  # noqa: PLC0415 - the same
    from platform_assets.access.log_writer import AccessLog  # noqa: PLC0415 - the same
    from platform_assets.access.source import AccessSource  # noqa: PLC0415 - the same

    chain = Chain(LogFiles.of(settings), f"endpoint-{worker}")
    return AccessWatch(AccessControl(AccessSource(settings), AccessLog(chain, say=_say), wall_now))


def _say(line: str) -> None:
    LOG.warning("endpoint: %s", line)
