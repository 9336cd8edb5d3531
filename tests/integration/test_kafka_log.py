"""The prediction log in Kafka, spoken over TCP with librdkafka's mock cluster: order, outages, refusals, bounds."""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from platform_assets.contract.names import PREDICTION_TOPIC
from platform_assets.contract.prediction_log import decode_entry
from platform_assets.errors import MissingToolError
from platform_assets.online.connection import connect
from platform_assets.online.kafka_log import KafkaLog
from platform_assets.online.log_sinks import LogSinks, open_log
from platform_assets.online.log_writer import LogWriter
from platform_assets.online.stream import read_batch
from platform_assets.serving.asgi import build_app
from platform_assets.serving.connections import connect_parts
from platform_assets.settings import Settings
from tests.integration.mock_kafka import OUT_OF_ORDER_SEQUENCE, TOPIC_UNAUTHORIZED, MockKafka, mock_kafka
from tests.unit.serving.conftest import Publisher

NOBODY = "127.0.0.1:1"


@pytest.fixture
def kafka() -> Iterator[MockKafka]:
    with mock_kafka() as cluster:
        cluster.create(PREDICTION_TOPIC)
        yield cluster


@pytest.fixture
def log(kafka: MockKafka) -> Iterator[KafkaLog]:
    opened = KafkaLog(kafka.servers, pause_s=0.05)
    yield opened
    opened.close(1.0)


def entry(number: int, product: str = "churn") -> bytes:
    return b"\x82\xa7product" + bytes([0xA0 + len(product)]) + product.encode() + b"\xa6number\xcd" + number.to_bytes(2)


def entries(start: int, end: int) -> list[bytes]:
    return [entry(number) for number in range(start, end)]


def arrived(kafka: MockKafka, count: int, product: str = "churn") -> list[bytes]:
    messages = kafka.read(PREDICTION_TOPIC, count)
    return [message.value() or b"" for message in messages if message.key() == product.encode()]


def wait_until(is_so: Callable[[], object]) -> None:
    while not is_so():
        threading.Event().wait(0.02)


def test_entries_of_a_product_arrive_as_they_are_and_in_their_order(kafka: MockKafka, log: KafkaLog) -> None:
    products = ("churn", "clv", "segments")
    log.append([entry(number, product) for number in range(500) for product in products])
    assert log.flush()
    for product in products:
        assert arrived(kafka, 1500, product) == [entry(number, product) for number in range(500)]
    assert log.counts.sent == log.counts.appended == 1500


def test_entries_of_an_outage_wait_and_arrive_in_order_once_the_broker_is_back(kafka: MockKafka, log: KafkaLog) -> None:
    log.append(entries(0, 10))
    assert log.flush()
    kafka.set_down()
    log.append(entries(10, 20))
    assert not log.flush(0.3)
    wait_until(lambda: log.counts.problem)
    assert log.counts.waiting == 10
    kafka.set_up()
    log.append(entries(20, 30))
    assert log.flush()
    assert arrived(kafka, 30) == entries(0, 30)
    assert log.counts.problem is None


@pytest.mark.parametrize("error", [TOPIC_UNAUTHORIZED, OUT_OF_ORDER_SEQUENCE])
def test_entries_that_a_broker_does_not_take_now_are_kept_in_order_for_another_producer(
    kafka: MockKafka, log: KafkaLog, error: int
) -> None:
    kafka.fail_next(error, times=1)
    log.append(entries(0, 50))
    assert log.flush()
    log.append(entries(50, 100))
    assert log.flush()
    assert list(dict.fromkeys(arrived(kafka, 100))) == entries(0, 100)
    assert log.counts.failed == log.counts.dropped == 0


def test_an_entry_that_no_broker_can_take_is_counted_and_does_not_hold_up_the_others(
    kafka: MockKafka, log: KafkaLog
) -> None:
    log.append([entry(0), b"x" * 2_000_000, entry(1)])
    assert log.flush()
    assert arrived(kafka, 2) == entries(0, 2)
    assert (log.counts.sent, log.counts.failed) == (2, 1)


def test_bytes_that_are_no_entry_are_sent_without_a_key(kafka: MockKafka, log: KafkaLog) -> None:
    log.append([b"no entry"])
    assert log.flush()
    (message,) = kafka.read(PREDICTION_TOPIC, 1)
    assert (message.key(), message.value()) == (None, b"no entry")


def test_entries_beyond_the_capacity_are_dropped_as_a_whole_and_counted() -> None:
    log = KafkaLog(NOBODY, capacity=5)
    log.append(entries(0, 4))
    log.append(entries(4, 6))
    log.append(entries(6, 7))
    assert (log.counts.waiting, log.counts.dropped) == (5, 2)
    log.close(0.0)


def test_closing_without_a_broker_ends_within_its_limit_and_says_what_did_not_arrive(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = KafkaLog(NOBODY)
    log.append(entries(0, 3))
    assert not log.close(0.2)
    assert "3 entries did not reach Kafka" in caplog.text
    assert not [thread for thread in threading.enumerate() if thread.name == "prediction-log-kafka"]


def test_an_outage_is_told_once_at_its_begin_and_once_at_its_end(
    kafka: MockKafka, log: KafkaLog, caplog: pytest.LogCaptureFixture
) -> None:
    kafka.set_down()
    log.append(entries(0, 3))
    wait_until(lambda: log.counts.problem)
    assert not log.flush(1.0)  # several attempts to connect
    kafka.set_up()
    assert log.flush()
    told = [record.getMessage() for record in caplog.records]
    assert [sum(part in text for text in told) for part in ("kept in memory", "takes entries again")] == [1, 1]


def test_without_the_package_the_extra_that_brings_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    with pytest.raises(MissingToolError, match=r"platform-assets\[kafka\], or unset PLATFORM_LOG_KAFKA"):
        KafkaLog(NOBODY)


def test_the_stream_gets_every_entry_at_once_while_kafka_is_away(online_store: Settings) -> None:
    log = LogSinks(LogWriter(online_store.online_url, online_store.spool_dir), KafkaLog(NOBODY))
    log.append(entries(0, 100))
    assert log.flush()
    assert log.close(0.5)
    assert streamed(online_store) == entries(0, 100)


def test_both_sinks_get_every_entry(online_store: Settings, kafka: MockKafka) -> None:
    log = open_log(Settings(home=online_store.home, redis_url=online_store.redis_url, log_kafka=kafka.servers))
    log.append(entries(0, 100))
    assert log.close()
    assert streamed(online_store) == arrived(kafka, 100) == entries(0, 100)


def test_an_answer_of_the_endpoint_is_in_kafka_under_its_id_and_an_outage_shows_in_its_health(
    tmp_path: Path, kafka: MockKafka
) -> None:
    Publisher(tmp_path).publish("churn")
    settings = Settings(
        home=tmp_path, redis_url="redis://127.0.0.1:1/0", log_kafka=kafka.servers, fsync=False, access="open"
    )
    answered, health = asyncio.run(predict_with_an_outage(settings, kafka))
    logged = [decode_entry(content).prediction_id for content in arrived(kafka, len(answered))]
    assert logged == answered
    assert health["status"] == "degraded"
    assert "1 sent, 1 under way, 0 refused, 0 dropped" in health["detail"]


async def predict_with_an_outage(settings: Settings, kafka: MockKafka) -> tuple[list[str], dict[str, str]]:
    connected = connect_parts(settings)
    kafka_log = connected.writer.kafka
    assert kafka_log is not None
    async with connected.open():
        transport = httpx.ASGITransport(build_app(connected.parts))
        async with httpx.AsyncClient(transport=transport, base_url="http://endpoint") as client:
            answered = await predict(client)
            await asyncio.to_thread(wait_until, lambda: kafka_log.counts.sent)
            kafka.set_down()
            answered += await predict(client)
            await asyncio.to_thread(wait_until, lambda: kafka_log.counts.waiting and kafka_log.counts.problem)
            health = (await client.get("/health")).json()["components"]["prediction_log_kafka"]
            kafka.set_up()
    return answered, health


async def predict(client: httpx.AsyncClient) -> list[str]:
    answer = await client.post("/v1/predict", json={"product": "churn", "entities": ["13085"]})
    return [row["prediction_id"] for row in answer.json()["predictions"]]


def streamed(settings: Settings) -> Sequence[bytes]:
    client = connect(settings.online_url)
    content = [content for _, content in read_batch(client, "log:predictions", "0-0", 1000)]
    client.close()
    return content
