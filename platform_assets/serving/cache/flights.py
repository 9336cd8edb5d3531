"""One computation per key at a time: who misses a key that is being computed waits for it instead of repeating it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from platform_assets.serving.cache.prediction import Prediction

Predictions = Mapping[bytes, Prediction]
_NOTHING: Predictions = {}


class Flights:
    """The computations under way, by key. A leader that fails or is cancelled lets its followers go with nothing."""

    def __init__(self) -> None:
        """Start with none."""
        self._under_way: dict[bytes, asyncio.Future[Predictions]] = {}

    def __len__(self) -> int:
        """Return how many keys are being computed."""
        return len(self._under_way)

    def find(self, keys: Iterable[bytes]) -> dict[bytes, asyncio.Future[Predictions]]:
        """Return the flights that these keys can join."""
        return {key: self._under_way[key] for key in keys if key in self._under_way}

    async def lead(self, keys: Sequence[bytes], compute: Callable[[], Awaitable[Predictions]]) -> Predictions:
        """Return what `compute` gives for these keys, also to all who join meanwhile; raises what it raises."""
        flight: asyncio.Future[Predictions] = asyncio.get_running_loop().create_future()
        self._under_way.update(dict.fromkeys(keys, flight))
        computed = _NOTHING
        try:
            computed = await compute()
        finally:
            for key in keys:
                if self._under_way.get(key) is flight:  # else somebody was tired of waiting and leads now
                    del self._under_way[key]
            flight.set_result(computed)
        return computed


async def follow(flights: Mapping[bytes, asyncio.Future[Predictions]], *, until: float) -> dict[bytes, Prediction]:
    """Return what the leaders have computed for these keys by an instant of the loop; others are left out."""
    # `wait` leaves the flight alone when a follower is cancelled: others wait for it too.
    wait_s = max(0.0, until - asyncio.get_running_loop().time())
    await asyncio.wait(set(flights.values()), timeout=wait_s)
    done = ((key, flight.result().get(key)) for key, flight in flights.items() if flight.done())
    return {key: prediction for key, prediction in done if prediction is not None}
