"""The desk: answers the plain requests of one turn of the event loop together, without waiting for anything.

Whatever may have to wait, may fail or is not plain goes the long way, where every case is treated; nothing has been
logged or answered for it here.
"""

import asyncio
from collections import deque

from platform_assets.serving.asked import ask_plainly
from platform_assets.serving.heart import Heart
from platform_assets.serving.quick.clerk import Clerk
from platform_assets.serving.quick.groups import PlainAsked, group
from platform_assets.serving.quick.letter import Letter
from platform_assets.serving.request_ids import HEADER
from platform_assets.serving.telemetry.tracing import RequestTrace

Headers = list[tuple[bytes, bytes]]
_MOST_ROWS = 64  # at once; a larger call goes alone


class Desk:
    """Takes letters and settles each of them in this turn of the event loop or one of the next, in their order."""

    def __init__(self, heart: Heart) -> None:
        """Work for one event loop, with the parts of the heart."""
        self._heart = heart
        self._clerk = Clerk(heart)
        self._waiting: deque[Letter] = deque()
        self._defaults: Headers | None = None
        self._head = b""

    def take(self, letter: Letter) -> None:
        """Take a letter; it is settled soon."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self.answer_some)
        self._waiting.append(letter)

    def head_of(self, defaults: Headers) -> bytes:
        """Return the head of every answer, up to the request id; `defaults` are uvicorn's, a new list each second."""
        if defaults is not self._defaults:
            lines = b"".join(b"%b: %b\r\n" % each for each in defaults)
            self._head = b"HTTP/1.1 200 OK\r\n%bcontent-type: application/json\r\n%b: " % (lines, HEADER)
            self._defaults = defaults
        return self._head

    def answer_some(self) -> None:
        """Settle the letters that have waited longest, as many as go together; whatever fails, each goes somewhere."""
        taken: list[Letter] = []
        try:
            self._answer(taken)
        finally:
            for letter in taken:
                if not letter.is_settled:
                    letter.send_the_long_way()
            if self._waiting:
                asyncio.get_running_loop().call_soon(self.answer_some)

    def _answer(self, taken: list[Letter]) -> None:
        trace = RequestTrace()
        turn = self._read(taken)
        if not turn:
            return
        trace.lap("validate")
        turn = [each for each in turn if self._is_allowed(each)]
        trace.lap("access")
        predicted_at = self._heart.wall()
        for each in group(self._heart, turn, predicted_at, most_rows=_MOST_ROWS):
            self._clerk.answer(each, trace.started, trace.stages)

    def _is_allowed(self, call: PlainAsked) -> bool:
        """Tell whether a call may be answered here; what is denied goes the long way, where that is told and logged."""
        access, letter = self._heart.access, call.letter
        letter.caller = access.recognise(*letter.proof)
        decision = access.decide(letter.caller, self._heart.asked_for(call.asked.live.product.name, "read"))
        return decision.is_allowed and not access.is_blocked

    def _read(self, taken: list[Letter]) -> list[PlainAsked]:
        """Take letters until there are enough rows; return those that may be answered here, with what they ask."""
        heart, waiting = self._heart, self._waiting
        turn, rows = [], 0
        while waiting and rows < _MOST_ROWS:
            letter = waiting.popleft()
            taken.append(letter)
            letter.asked = asked = ask_plainly(heart.releases, letter.body)
            if asked is None:
                continue
            count = len(asked.rows.fields)
            rows += count  # also of what goes the long way: others get their turn in between
            if asked.rows.needs_lookup or asked.rows.stored is None:
                continue
            if asked.split is not None and not asked.split.is_asleep:
                continue
            if heart.admission.takes_now(rows=count):
                turn.append(PlainAsked(letter, asked, asked.rows.stored))
        return turn
