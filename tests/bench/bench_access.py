"""What access control costs a prediction on the quick way: one row, 16 callers at once, with it and without.

Compared is the processor time of the whole process, the writer of the access log included: wall times of a machine
that others use say little, and a client in Python is too slow to keep an endpoint busy. What reading HTTP costs comes
on top in both cases, so the ratio of whole requests is nearer to one.
"""

import asyncio
import statistics
import time
from dataclasses import replace
from pathlib import Path

import msgspec

from platform_assets.serving.access import OPEN_ACCESS, Access
from platform_assets.serving.quick.desk import Desk
from platform_assets.settings import Settings
from tests.unit.access.conftest import Guard
from tests.unit.serving.conftest import WALL, make_endpoint
from tests.unit.serving.quick.conftest import Counter

CALLERS, TURNS, ROUNDS = 16, 150, 30


def microseconds(counter: Counter, body: bytes, proof: tuple[bytes, bytes]) -> float:
    """Return the processor time per answer."""
    start = time.process_time()
    for _ in range(TURNS):
        for _ in range(CALLERS):
            counter.write(body, proof=proof)
        counter.desk.answer_some()
    spent = time.process_time() - start
    assert len(counter.outbox.answers) == TURNS * CALLERS, counter.outbox.long_way
    counter.outbox.answers.clear()
    counter.endpoint.log.written.clear()
    return spent / (TURNS * CALLERS) * 1e6


async def compare(home: Path) -> None:
    """Print times per answer and their ratio; all figures are of this run."""
    guard = Guard(Settings(home=home, fsync=False), WALL)
    endpoint = make_endpoint(home)
    counter = await Counter.opened(endpoint, "churn")
    body = msgspec.json.encode(counter.body("churn", counter.row("churn", 0.5)))
    proof = (f"Bearer {guard.key('consumer:retention_desk')}".encode(), b"call_guidance")

    def with_access(access: Access) -> float:
        counter.desk = Desk(replace(endpoint.parts.heart, access=access))
        return microseconds(counter, body, proof)

    with_access(OPEN_ACCESS), with_access(guard.control)  # warm
    pairs = []
    for _ in range(ROUNDS):
        pairs.append((with_access(OPEN_ACCESS), with_access(guard.control)))
        await asyncio.sleep(0.06)  # the rest of the log is written
    without, with_it = (statistics.median(each) for each in zip(*pairs, strict=True))
    ratio = statistics.median(after / before for before, after in pairs)
    print(f"\none row, {CALLERS} callers: {without:.1f} us without, {with_it:.1f} us with access control")
    print(f"ratio {ratio:.3f}")
    assert guard.log.close(10.0)


def test_what_access_control_costs_a_prediction(tmp_path: Path) -> None:
    asyncio.run(compare(tmp_path))
