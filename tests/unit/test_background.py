"""Work beside the rest of an event loop ends when it is told to, and what ended it early is heard of."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from platform_assets.background import ended, in_background

Work = Callable[[asyncio.Event], Coroutine[None, None, None]]


async def _waits_for_ever(began: asyncio.Event) -> None:
    began.set()
    await asyncio.Event().wait()


async def _forgets_its_first_cancellation(began: asyncio.Event) -> None:
    try:
        await _waits_for_ever(began)
    except asyncio.CancelledError:
        await asyncio.Event().wait()


async def _breaks() -> None:
    message = "of its own"
    raise LookupError(message)


@pytest.mark.parametrize("work", [_waits_for_ever, _forgets_its_first_cancellation])
def test_work_ends_with_its_context_even_if_it_forgets_a_cancellation(work: Work) -> None:
    async def run() -> bool:
        began = asyncio.Event()
        async with in_background(work(began), "waits") as task:
            await began.wait()
            assert not task.done()
        return task.cancelled()

    assert asyncio.run(run())


def test_what_ended_work_early_is_raised_when_its_context_ends() -> None:
    async def run() -> None:
        async with in_background(_breaks(), "breaks") as task:
            await asyncio.wait([task])

    with pytest.raises(LookupError, match="of its own"):
        asyncio.run(run())


def test_ending_tasks_raises_nothing_of_theirs() -> None:
    async def run() -> list[bool]:
        began = asyncio.Event()
        tasks = [asyncio.create_task(_breaks()), asyncio.create_task(_waits_for_ever(began))]
        await began.wait()
        await ended(*tasks)
        await ended()
        return [isinstance(tasks[0].exception(), LookupError), tasks[1].cancelled()]

    assert asyncio.run(run()) == [True, True]
