"""How answers get to the prediction log: a few at a time, in order, none lost at the end."""

import asyncio

import msgspec
import pytest

from platform_assets.serving.journal import Journal
from tests.unit.serving.conftest import MemoryLog
from tests.unit.serving.test_prediction_log import ENTRY

pytestmark = pytest.mark.anyio


async def test_answers_of_one_moment_are_handed_over_together_and_in_order() -> None:
    log = MemoryLog()
    journal = Journal(log)
    for number in range(3):
        journal.append([msgspec.structs.replace(ENTRY, request_id=str(number))])
    assert log.written == []
    await asyncio.sleep(0.05)  # the loop runs its timers in order, so the shorter one was first
    assert [entry.request_id for entry in log.entries] == ["0", "1", "2"]


async def test_a_large_answer_is_handed_over_at_once() -> None:
    log = MemoryLog()
    Journal(log).append([ENTRY] * 500)
    assert len(log.written) == 500


async def test_what_is_held_at_the_end_is_handed_over_once() -> None:
    log = MemoryLog()
    journal = Journal(log)
    journal.append([ENTRY])
    journal.hand_over()
    journal.hand_over()
    await asyncio.sleep(0.02)
    assert len(log.written) == 1
