"""Small calls that arrive in the same turn of the event loop go through the model together.

Nothing waits: a turn is what the loop found ready at once, so a lone call goes alone and a busy endpoint shares the
fixed costs of numpy and of the engine among its callers (measured: half of them at 16 connections).
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from platform_assets.serving.inputs import Inputs, joined
from platform_assets.serving.judge import Judged
from platform_assets.serving.live_release import LiveRelease

Judge = Callable[[LiveRelease, Inputs], list[Judged]]
_MOST_ROWS = 64


@dataclass(slots=True, eq=False)
class _Turn:
    """The calls of one release in one turn."""

    live: LiveRelease
    calls: list[Inputs] = field(default_factory=list)
    answers: list[asyncio.Future[list[Judged]]] = field(default_factory=list)
    rows: int = 0


class Turns:
    """Collects the calls of a turn by release; releases are never mixed."""

    def __init__(self, judge: Judge) -> None:
        """Take what judges joined inputs: one result per row, in order."""
        self._judge = judge
        self._open: dict[str, _Turn] = {}

    def join(self, live: LiveRelease, inputs: Inputs) -> "asyncio.Future[list[Judged]]":
        """Return the future results of a call, one per row; what the judge raises reaches every call of the turn."""
        loop = asyncio.get_running_loop()
        key = live.release.release_id
        turn = self._open.get(key)
        if turn is None or turn.live is not live or turn.rows + inputs.count > _MOST_ROWS:
            turn = self._open[key] = _Turn(live)
            loop.call_soon(self._end, key, turn)
        answer: asyncio.Future[list[Judged]] = loop.create_future()
        turn.calls.append(inputs)
        turn.answers.append(answer)
        turn.rows += inputs.count
        return answer

    def _end(self, key: str, turn: _Turn) -> None:
        if self._open.get(key) is turn:
            del self._open[key]
        try:
            results = self._judge(turn.live, joined(turn.calls))
        except BaseException as error:  # noqa: BLE001 - not handled here: every waiting call raises it
            _fail(turn.answers, error)
        else:
            _hand_out(turn, results)


def _hand_out(turn: _Turn, results: Sequence[Judged]) -> None:
    start = 0
    for call, answer in zip(turn.calls, turn.answers, strict=True):
        if not answer.done():  # its caller may have gone
            answer.set_result(list(results[start : start + call.count]))
        start += call.count


def _fail(answers: Sequence["asyncio.Future[list[Judged]]"], error: BaseException) -> None:
    for answer in answers:
        if not answer.done():
            answer.set_exception(error)
