"""Small calls that arrive in the same turn of the event loop go through the model together.

Nothing waits: a turn is what the loop found ready at once, so a lone call goes alone and a busy endpoint shares the
fixed costs of numpy and of the engine among its callers (measured: half of them at 16 connections).
"""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from platform_assets.serving.inputs import Inputs, joined
from platform_assets.serving.judge import Judgement
from platform_assets.serving.live_release import LiveRelease

Judge = Callable[[LiveRelease, Inputs], Coroutine[Any, Any, Judgement]]
_MOST_ROWS = 64


@dataclass(slots=True, eq=False)
class _Turn:
    """The calls of one release in one turn."""

    live: LiveRelease
    calls: list[Inputs] = field(default_factory=list)
    answers: list[asyncio.Future[Judgement]] = field(default_factory=list)
    rows: int = 0


class Turns:
    """Collects the calls of a turn by release; releases are never mixed."""

    def __init__(self, judge: Judge) -> None:
        """Take what judges joined inputs."""
        self._judge = judge
        self._open: dict[str, _Turn] = {}
        self._under_way: set[asyncio.Task[Judgement]] = set()  # the loop itself keeps tasks by weak references only

    def join(self, live: LiveRelease, inputs: Inputs) -> "asyncio.Future[Judgement]":
        """Return the future judgement of a call; what the judge raises reaches every call of the turn."""
        loop = asyncio.get_running_loop()
        key = live.release.release_id
        turn = self._open.get(key)
        if turn is None or turn.live is not live or turn.rows + inputs.count > _MOST_ROWS:
            turn = self._open[key] = _Turn(live)
            loop.call_soon(self._end, key, turn)
        answer: asyncio.Future[Judgement] = loop.create_future()
        turn.calls.append(inputs)
        turn.answers.append(answer)
        turn.rows += inputs.count
        return answer

    def _end(self, key: str, turn: _Turn) -> None:
        if self._open.get(key) is turn:
            del self._open[key]
        task = asyncio.get_running_loop().create_task(self._run(turn))
        self._under_way.add(task)
        task.add_done_callback(functools.partial(self._hand_out, turn))

    async def _run(self, turn: _Turn) -> Judgement:
        return await self._judge(turn.live, joined(turn.calls))

    def _hand_out(self, turn: _Turn, task: asyncio.Task[Judgement]) -> None:
        self._under_way.discard(task)
        start = 0
        for call, answer in zip(turn.calls, turn.answers, strict=True):
            end = start + call.count
            if not answer.done():  # its caller may have gone
                _settle(answer, task, slice(start, end))
            start = end


def _settle(answer: asyncio.Future[Judgement], task: asyncio.Task[Judgement], rows: slice) -> None:
    if task.cancelled():
        answer.cancel()
    elif (error := task.exception()) is not None:
        answer.set_exception(error)
    else:
        results, stages = task.result()
        answer.set_result(Judgement(results[rows], stages))
