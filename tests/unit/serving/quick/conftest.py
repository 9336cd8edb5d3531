"""A desk over a small endpoint, and a sender that keeps what becomes of its letters."""

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import pytest

from platform_assets.access.caller import NOBODY, Caller
from platform_assets.serving.batching.batcher import Batcher
from platform_assets.serving.model_run import ModelRun
from platform_assets.serving.quick.desk import Desk
from platform_assets.serving.quick.letter import Letter
from platform_assets.serving.wire import PredictRequest
from tests.unit.serving.conftest import WALL, Endpoint


@dataclass
class Outbox:
    """Takes answers as a connection does."""

    answers: list[bytes] = field(default_factory=list)
    long_way: list[Letter] = field(default_factory=list)

    def answer(self, letter: Letter, content: bytes) -> None:
        assert letter.is_settled
        self.answers.append(content)

    def send_the_long_way(self, letter: Letter) -> None:
        self.long_way.append(letter)


@dataclass
class Counter:
    """A desk with what a test needs to write to it."""

    endpoint: Endpoint
    desk: Desk
    outbox: Outbox = field(default_factory=Outbox)

    @classmethod
    async def opened(cls, endpoint: Endpoint, name: str, caller: Caller = NOBODY) -> "Counter":
        """Return a desk whose engine has scored before for a caller, and is never too slow for it."""
        heart = endpoint.parts.heart
        model = ModelRun(metrics=heart.metrics, wall_s=WALL.timestamp, batcher=Batcher(inline_s=60.0))
        endpoint.parts = replace(endpoint.parts, heart=replace(heart, model=model))
        endpoint.publisher.publish(name)
        await endpoint.parts.refresh()
        counter = cls(endpoint, Desk(endpoint.parts.heart))
        request = msgspec.convert(counter.body(name, counter.row(name, 0.125)), PredictRequest)
        await endpoint.parts.heart.predict(request, request_id="warm", caller=caller)
        endpoint.log.written.clear()
        return counter

    def row(self, name: str, value: float | None, **own: object) -> dict[str, Any]:
        """Return a row that needs no lookup: every stored feature is sent."""
        live = self.endpoint.parts.releases.current(name)
        return {**live.schema.example, **dict.fromkeys(live.product.stored_columns, value), **own}

    def body(self, name: str, *rows: dict[str, Any]) -> dict[str, Any]:
        """Return a request with these rows."""
        return {"product": name, "rows": list(rows)}

    def write(self, body: object, request_id: str = "request-1", proof: tuple[bytes, bytes] = (b"", b"")) -> Letter:
        """Hand in a request."""
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        letter = Letter(self.outbox, content, request_id, 0.0, proof)
        self.desk.take(letter)
        return letter

    def settle(self, *bodies: object) -> list[Any]:
        """Hand in requests of one turn; return their answers as JSON."""
        self.outbox.answers.clear()
        for body in bodies:
            self.write(body)
        self.desk.answer_some()
        return [msgspec.json.decode(each) for each in self.outbox.answers]


@pytest.fixture
async def counter(endpoint: Endpoint) -> Counter:
    return await Counter.opened(endpoint, "churn")
