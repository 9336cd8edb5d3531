"""One call on its way through a split: its parts go to their releases, and what they did is counted."""

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import NamedTuple

from platform_assets.errors import MalformedRequestError, PlatformError
from platform_assets.serving.asked import Asked
from platform_assets.serving.telemetry.tracing import RequestTrace
from platform_assets.serving.traffic.call_parts import Answered, Part, asked_of, cut, merged
from platform_assets.serving.traffic.choice import Choice
from platform_assets.serving.traffic.facts import Facts
from platform_assets.serving.traffic.outcome import Outcome, outcome_of
from platform_assets.serving.traffic.shadow import Copy, Shadow
from platform_assets.serving.traffic.split import Split
from platform_assets.serving.traffic.watch import Watch

Answer = Callable[[Asked, RequestTrace], Awaitable[Answered]]


class Hands(NamedTuple):
    """How a part is answered, and how a copy of one is scored."""

    answer: Answer
    copy: Copy


class Traffic:
    """Sends calls of products whose control is not alone to whom they belong; used by one event loop."""

    def __init__(self, watch: Watch) -> None:
        """Take what counts and judges what the releases do."""
        self.watch = watch
        self._shadow = Shadow(watch)

    async def route(self, asked: Asked, split: Split, facts: Facts, trace: RequestTrace, hands: Hands) -> Answered:
        """Return the answers of a call, each row by the release that it belongs to, in order.

        Raises what the answer of a part raises; nothing is told of a call of which a part has failed.
        """
        if split.off is not None:
            return await hands.answer(asked._replace(is_off=True), trace)
        if facts.release is None and split.is_asleep:
            return await hands.answer(asked, trace)
        before_ms = trace.elapsed_ms
        parts = [self._readable(asked, split, part, before_ms) for part in cut(asked, split, facts)]
        answered: list[Answered] = []
        for part, part_asked in parts:
            answered.append(await self._answer(split, part.choice, part_asked, trace, before_ms, hands))
        return merged([part for part, _ in parts], answered)

    async def finish(self) -> None:
        """Drop the copies that are under way, and let every end of a rollout or an experiment reach the disk."""
        await self._shadow.finish()
        await self.watch.stop.finish()
        await self.watch.trials.finish()

    def _readable(self, asked: Asked, split: Split, part: Part, latency_ms: float) -> tuple[Part, Asked]:
        """Return a part with what is asked; the control takes rows that only it can read, which is a failed answer."""
        assigned = part.choice.assigned
        try:
            return part, asked_of(asked, part)
        except MalformedRequestError:
            if assigned is not None and assigned.chosen == "override":
                raise  # who asks for a release by name is told what it does not take
        self.watch.count(split, part.choice, Outcome(latency_ms, is_failed=True))
        back = Part(Choice(split.control, "control"), part.positions)
        return back, asked_of(asked, back)

    async def _answer(
        self, split: Split, choice: Choice, asked: Asked, trace: RequestTrace, before_ms: float, hands: Hands
    ) -> Answered:
        """Return the answer of a part. Its latency is that of a call which has this part alone."""
        others_ms = trace.elapsed_ms - before_ms
        with _Fall(self.watch, split, choice, before_ms):
            answered = await hands.answer(asked, trace)
        outcome = outcome_of(answered, trace.elapsed_ms - others_ms)
        self.watch.count(split, choice, outcome)
        candidate = split.candidate
        if candidate is not None and candidate.share <= 0.0 and choice.assigned is None:
            self._shadow.offer(asked, split, candidate, outcome, hands.copy)
        return answered


class _Fall:
    """Counts an answer that ends in an error which nobody foresaw; the error goes on to the caller."""

    def __init__(self, watch: Watch, split: Split, choice: Choice, latency_ms: float) -> None:
        self._watch, self._split, self._choice = watch, split, choice
        self._latency_ms = latency_ms

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, PlatformError):
            self._watch.count(self._split, self._choice, Outcome(self._latency_ms, is_failed=True))
