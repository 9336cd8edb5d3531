"""librdkafka's own mock cluster: brokers that speak Kafka's protocol on TCP and fail on demand; no real Kafka."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

PRODUCE = 0  # the protocol's number of the request that brings messages
TOPIC_UNAUTHORIZED = 29
OUT_OF_ORDER_SEQUENCE = 45
_PARTITIONS = 3
_PRODUCER_TYPE = 0


class MockKafka:
    """One broker. It keeps its messages while it is down: only its port is closed."""

    def __init__(self, library: ctypes.CDLL, cluster: ctypes.c_void_p) -> None:
        """Take the cluster."""
        self._library, self._cluster = library, cluster
        self.servers = ctypes.string_at(library.rd_kafka_mock_cluster_bootstraps(cluster)).decode()

    def create(self, topic: str) -> None:
        """Make a topic of a few partitions."""
        assert self._library.rd_kafka_mock_topic_create(self._cluster, topic.encode(), _PARTITIONS, 1) == 0

    def set_down(self) -> None:
        """End all connections and refuse new ones."""
        assert self._library.rd_kafka_mock_broker_set_down(self._cluster, 1) == 0

    def set_up(self) -> None:
        """Listen again."""
        assert self._library.rd_kafka_mock_broker_set_up(self._cluster, 1) == 0

    def fail_next(self, error: int, times: int) -> None:
        """Answer the next requests that bring messages with an error."""
        errors = (ctypes.c_int * times)(*[error] * times)
        self._library.rd_kafka_mock_push_request_errors_array(
            self._cluster, ctypes.c_int16(PRODUCE), ctypes.c_size_t(times), errors
        )

    def read(self, topic: str, count: int) -> list[Message]:
        """Return messages from the beginning of every partition, once `count` are there."""
        consumer = Consumer({"bootstrap.servers": self.servers, "group.id": "test", "enable.auto.commit": False})
        try:
            consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in range(_PARTITIONS)])
            seen: list[Message] = []
            while len(seen) < count:
                seen += [message for message in consumer.consume(count, 0.2) if message.error() is None]
            return seen
        finally:
            consumer.close()


@contextmanager
def mock_kafka() -> Iterator[MockKafka]:
    """Run a mock cluster for the time of the block, outside of any client under test."""
    library = ctypes.CDLL(_loaded_library())
    library.rd_kafka_new.restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_new.restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_void_p
    text = ctypes.create_string_buffer(200)
    client = ctypes.c_void_p(library.rd_kafka_new(_PRODUCER_TYPE, None, text, ctypes.c_size_t(len(text))))
    assert client, text.value
    cluster = ctypes.c_void_p(library.rd_kafka_mock_cluster_new(client, 1))
    assert cluster
    try:
        yield MockKafka(library, cluster)
    finally:
        library.rd_kafka_mock_cluster_destroy(cluster)
        library.rd_kafka_destroy(client)


def _loaded_library() -> str:
    """Return the path of the library that confluent_kafka brought along and loaded."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        if "librdkafka" in line:
            return line.split(maxsplit=5)[-1]
    raise AssertionError
