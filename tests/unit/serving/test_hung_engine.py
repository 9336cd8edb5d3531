"""An engine that hangs: its own calls wait, nobody else's do."""

import asyncio
import threading

import numpy as np
import pytest

from platform_assets.inference.frame import Floats
from platform_assets.inference.scoring import Scored
from platform_assets.serving.batching.batcher import Batcher
from platform_assets.serving.batching.lane import Engine, LaneKey

pytestmark = pytest.mark.anyio

CANDIDATE, CONTROL = LaneKey("churn", "release-2"), LaneKey("churn", "release-1")


def doubled(matrix: Floats) -> Scored:
    """Score a row by twice its number."""
    return Scored(matrix[:, 0] * 2.0, matrix[:, 0], matrix[:, 0] > 0.0)


async def test_it_is_never_called_twice_at_once_and_holds_up_no_other_one() -> None:
    batcher, gate = Batcher(inline_s=0.0), threading.Event()  # every engine runs in a thread
    batches: list[list[float]] = []

    def hung(matrix: Floats) -> Scored:
        batches.append(matrix[:, 0].tolist())
        assert gate.wait(30)
        return doubled(matrix)

    async def ask(key: LaneKey, engine: Engine, value: float) -> list[float]:
        scored = await batcher.score(key, engine, np.array([[value]]))
        return [float(score) for score in scored.score]

    try:
        waiting = [asyncio.create_task(ask(CANDIDATE, hung, value)) for value in (1.0, 2.0)]
        while not batches:  # noqa: ASYNC110 - an engine knows nothing of the loop
            await asyncio.sleep(0.001)
        waiting.append(asyncio.create_task(ask(CANDIDATE, hung, 5.0)))
        assert [await ask(CONTROL, doubled, value) for value in (3.0, 4.0)] == [[6.0], [8.0]]
        assert batches == [[1.0, 2.0]]
    finally:
        gate.set()
    assert [await each for each in waiting] == [[2.0], [4.0], [10.0]]
    batcher.close()
