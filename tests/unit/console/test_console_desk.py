"""Slow work is bounded in number and time."""

import asyncio
import threading

import pytest

from platform_assets.console.desk import Desk
from platform_assets.errors import ConsoleBusyError, ConsoleDeadlineError


def test_work_is_done_in_another_thread_and_its_errors_come_back() -> None:
    async def ask() -> None:
        desk = Desk(threads=1, waiting=1, deadline_s=10.0)
        assert await desk.do(threading.get_ident) != threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            await desk.do(lambda: 1 // 0)
        desk.close()

    asyncio.run(ask())


def test_too_much_work_at_once_is_refused_and_what_has_ended_makes_room() -> None:
    async def ask() -> None:
        desk, end = Desk(threads=1, waiting=1, deadline_s=10.0), threading.Event()
        under_way = [asyncio.create_task(desk.do(end.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(ConsoleBusyError):
            await desk.do(lambda: None)
        end.set()
        assert await asyncio.gather(*under_way) == [True, True]
        assert await desk.do(lambda: 5) == 5
        desk.close()

    asyncio.run(ask())


def test_work_that_outlives_its_deadline_is_not_waited_for_and_keeps_its_place() -> None:
    async def ask() -> None:
        desk, end = Desk(threads=1, waiting=0, deadline_s=0.01), threading.Event()
        with pytest.raises(ConsoleDeadlineError):
            await desk.do(end.wait)
        with pytest.raises(ConsoleBusyError):
            await desk.do(lambda: None)
        end.set()
        desk.close()

    asyncio.run(ask())
