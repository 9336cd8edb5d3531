"""One request on the quick way: what came in, and where its answer goes."""

from typing import Protocol

from platform_assets.access.caller import NOBODY
from platform_assets.serving.asked import Asked


class Letter:
    """A whole request to predict, with the instant on the monotonic clock at which its last byte was there.

    It is answered once, or sent the long way once; either settles it. `asked` is what the body asks, once it was read,
    and `caller` who asks it, once that is known.
    """

    __slots__ = ("_sender", "arrived", "asked", "body", "caller", "is_settled", "proof", "request_id")

    def __init__(
        self, sender: "Sender", body: bytes, request_id: str, arrived: float, proof: tuple[bytes, bytes] = (b"", b"")
    ) -> None:
        """Take what a sender asks; `proof` are its headers Authorization and X-Purpose."""
        self._sender = sender
        self.body = body
        self.request_id = request_id
        self.arrived = arrived
        self.proof = proof
        self.asked: Asked | None = None
        self.caller = NOBODY
        self.is_settled = False

    def answer(self, content: bytes) -> None:
        """Send the answer."""
        self.is_settled = True
        self._sender.answer(self, content)

    def send_the_long_way(self) -> None:
        """Let the application answer, as it answers every other request."""
        self.is_settled = True
        self._sender.send_the_long_way(self)


class Sender(Protocol):
    """A connection that waits for the answer to its letter."""

    def answer(self, letter: Letter, content: bytes) -> None:
        """Write a 200 with this JSON."""
        ...

    def send_the_long_way(self, letter: Letter) -> None:
        """Give the request to the application."""
        ...
