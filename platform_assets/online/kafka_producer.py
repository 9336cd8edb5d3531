"""One librdkafka producer of log entries: its options, the key of an entry, and its errors told instead of raised."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Literal

import msgspec

from platform_assets.errors import MissingToolError

if TYPE_CHECKING:
    from confluent_kafka import KafkaError, Message

Fate = Literal["sent", "refused"]  # acknowledged by all replicas, or such as no broker will ever take
_GIVE_UP_S = 2.0
# The codes of a message that no broker will ever take: MSG_SIZE_TOO_LARGE and INVALID_RECORD.
_HOPELESS = frozenset({10, 87})


class _Keyed(msgspec.Struct, frozen=True):
    product: str


_KEY = msgspec.msgpack.Decoder(_Keyed)


class EntryProducer:
    """Brings entries to one topic, in order and each once; all its callbacks are called while it is used.

    `on_problem` hears of connections that broke, which mend themselves. After `on_failure` the producer is of no more
    use: what was produced and has no fate yet is for another one.
    """

    def __init__(
        self, servers: str, topic: str, *, on_problem: Callable[[str], None], on_failure: Callable[[str], None]
    ) -> None:
        """Connect in the background; no broker need be there. Raises MissingToolError without confluent-kafka."""
        try:
            from confluent_kafka import KafkaException, Producer  # noqa: PLC0415 - optional, and a large library
        except ImportError as error:
            remedy = "install platform-assets[kafka], or unset PLATFORM_LOG_KAFKA."
            raise MissingToolError(tool="confluent-kafka", remedy=remedy) from error
        self._topic, self._on_failure, self._error = topic, on_failure, KafkaException
        self._producer = Producer(
            {
                "bootstrap.servers": servers,
                "client.id": "platform-endpoint",
                "enable.idempotence": True,
                "acks": "all",
                "message.timeout.ms": 0,  # never given up: whoever calls bounds what is under way
                "socket.timeout.ms": 10_000,  # a broker that hangs is noticed then
                "reconnect.backoff.max.ms": 2_000,
                "log_level": 0,  # everything is told through the callbacks, once per outage
                "error_cb": lambda error: on_problem(error.str()),
            }
        )

    def produce(self, entry: bytes, on_fate: Callable[[Fate, str], None]) -> None:
        """Start to send an entry; its fate and the reason for it come later, unless the producer fails first."""
        report = partial(self._report, on_fate)
        try:
            self._producer.produce(self._topic, value=entry, key=message_key(entry), on_delivery=report)
        except self._error as error:
            report(error.args[0])
        except BufferError as error:  # more bytes are under way than librdkafka may hold
            self._on_failure(str(error))

    def poll(self, timeout_s: float) -> None:
        """Take the reports that are there, and wait for one when there are none."""
        try:
            self._producer.poll(timeout_s)
        except self._error as error:  # one that ends the producer is raised by librdkafka's own will
            self._on_failure(error.args[0].str())

    def give_up(self) -> None:
        """Take everything back; an entry that was just on its way to a broker may arrive all the same."""
        self._producer.purge()
        try:
            self._producer.flush(_GIVE_UP_S)
        except self._error as error:
            self._on_failure(error.args[0].str())

    def _report(
        self, on_fate: Callable[[Fate, str], None], error: "KafkaError | None", _: "Message | None" = None
    ) -> None:
        if error is None:
            on_fate("sent", "")
        elif error.code() in _HOPELESS:
            on_fate("refused", error.str())
        else:
            self._on_failure(error.str())


def message_key(entry: bytes) -> bytes | None:
    """Return the product of an entry, so that each product has one order; None for bytes that are no entry."""
    try:
        return _KEY.decode(entry).product.encode()
    except msgspec.DecodeError:
        return None
