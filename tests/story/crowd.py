"""Callers that ask an endpoint all the time about customers of their own, and keep what they were answered."""

import asyncio
import itertools
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.integration.http_load import Load, Outcome

CALLERS = 6


@dataclass(frozen=True)
class Seen:
    """One answer: when it came (monotonic seconds), about whom, by which release, and what was wrong with it."""

    at: float
    customer: str
    release_id: str
    score: float | None
    reason: str | None
    latency_ms: float


@dataclass
class Crowd:
    """Everything that the callers saw so far."""

    seen: list[Seen] = field(default_factory=list)
    outcome: Outcome = field(default_factory=Outcome)

    def by(self, release_id: str) -> list[Seen]:
        """Return the answers of one release."""
        return [one for one in self.seen if one.release_id == release_id]

    def went_back(self, old: str, new: str) -> list[str]:
        """Return the customers who were answered by the new release and later by the old one."""
        met: set[str] = set()
        back = []
        for one in self.seen:
            if one.release_id == new:
                met.add(one.customer)
            elif one.release_id == old and one.customer in met:
                back.append(one.customer)
        return back

    def problems(self) -> list[str]:
        """Return what callers could not bear: requests without an answer."""
        others = {status: count for status, count in self.outcome.statuses.items() if status != 200}
        found = {f"{self.outcome.broken} connections broke": self.outcome.broken, f"answers {others}": others}
        return [told for told, is_so in found.items() if is_so]

    def _keep(self, status: int, body: bytes) -> None:
        now = time.monotonic()
        for row in json.loads(body)["predictions"] if status == 200 else ():
            self.seen.append(
                Seen(now, row["entity_id"], row["release_id"], row["score"], row["reason"], row["latency_ms"])
            )

    async def _ask(self, port: int, product: str, customers: Sequence[str], ended: threading.Event) -> None:
        # Each caller has customers of its own, so the answers about one of them come in the order of the questions.
        bodies = itertools.cycle(
            [json.dumps({"product": product, "entities": [customer]}).encode() for customer in customers]
        )
        load = Load(port, keep=self._keep, pause_s=0.002, bodies=bodies)
        while not ended.is_set():
            part = await load.run(0.3)
            self.outcome.statuses.update(part.statuses)
            self.outcome.seconds += part.seconds
            self.outcome.broken += part.broken


@contextmanager
def crowd_at(port: int, product: str, customers: Sequence[str]) -> Iterator[Crowd]:
    """Let callers ask until the block ends; what they saw is complete after it."""
    crowd, ended = Crowd(), threading.Event()
    groups = [customers[start::CALLERS] for start in range(CALLERS)]

    async def ask_all() -> None:
        await asyncio.gather(*(crowd._ask(port, product, group, ended) for group in groups))  # noqa: SLF001 - of this file

    asking = threading.Thread(target=lambda: asyncio.run(ask_all()))
    asking.start()
    try:
        yield crowd
    finally:
        ended.set()
        asking.join(timeout=60)
