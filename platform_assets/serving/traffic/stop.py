"""The end of a rollout at a hard limit: in memory at once, on disk right after."""

import asyncio
import logging

from platform_assets.serving.releases import Releases
from platform_assets.serving.traffic.ending import GivenUp, end_rollout

LOG = logging.getLogger("platform.serving.traffic")


class Stop:
    """Ends rollouts; used by one event loop."""

    def __init__(self, releases: Releases) -> None:
        """Take the releases, whose states are swapped."""
        self._releases = releases
        self._under_way: set[asyncio.Task[None]] = set()  # the loop itself keeps tasks by weak references only

    def now(self, product: str, rollout_id: str, given_up: GivenUp) -> None:
        """Send nobody to a candidate any more, from the next call on; then tell the pointer, in a thread."""
        if self._releases.give_up(product, rollout_id, given_up):
            LOG.error("rollout %s of %s ends at once: %s", rollout_id, product, given_up.reason)
            task = asyncio.get_running_loop().create_task(self._end(product, rollout_id, given_up))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def finish(self) -> None:
        """Wait until every end that was begun has reached the pointer."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def _end(self, product: str, rollout_id: str, given_up: GivenUp) -> None:
        await asyncio.to_thread(end_rollout, self._releases.pointers, product, rollout_id, given_up)
        await self._releases.refresh(only=product)
