"""Sends the prediction log to Kafka in the background, beside the stream: in order, bounded, never in the way."""

import logging
import math
import threading
from collections import deque
from functools import partial

import msgspec

from platform_assets.contract.names import PREDICTION_TOPIC
from platform_assets.online.kafka_producer import EntryProducer, Fate

LOG = logging.getLogger("platform.online")
_MOST_UNDER_WAY = 10_000
_MOST_PER_TURN = 1_000
_POLL_S = 0.05  # new entries wait so long behind reports that do not come
_IDLE_S = 1.0  # problems of connections are taken note of also while nothing is sent
_END_S = 3.0


class KafkaCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many entries were taken, acknowledged by all replicas, refused by a broker for good, and found no room.

    `waiting` are under way or in memory; `problem` is what keeps them there, None when entries arrive.
    """

    appended: int
    sent: int
    failed: int
    waiting: int
    dropped: int
    problem: str | None


class KafkaLog:
    """Takes entries without delay; each is kept until Kafka acknowledged it, as long as the process lives."""

    def __init__(
        self, servers: str, *, topic: str = PREDICTION_TOPIC, capacity: int = 100_000, pause_s: float = 5.0
    ) -> None:
        """Start the background thread; no broker need be there. Raises MissingToolError without confluent-kafka.

        `capacity` bounds the entries in memory, `pause_s` is the rest before a producer that failed is replaced.
        """
        self._servers, self._topic, self._capacity, self._pause_s = servers, topic, capacity, pause_s
        self._queue: deque[tuple[int, bytes]] = deque()
        self._unsure: dict[int, bytes] = {}  # handed to the producer and not acknowledged, oldest first
        self._changed = threading.Condition()
        self._appended = self._sent = self._failed = self._dropped = 0
        self._problem: str | None = None
        self._tell_beyond: float = 0  # drops are told once per outage
        self._has_failed = self._is_closing = False
        self._producer = self._new_producer()
        self._thread = threading.Thread(target=self._work, name="prediction-log-kafka", daemon=True)
        self._thread.start()

    def append(self, entries: list[bytes]) -> None:
        """Queue entries and return at once; beyond the capacity they are dropped as a whole and counted."""
        with self._changed:
            if self._waiting + len(entries) > self._capacity or self._is_closing:
                self._dropped += len(entries)
                return
            self._queue.extend(enumerate(entries, self._appended))
            self._appended += len(entries)
            self._changed.notify_all()

    def flush(self, timeout_s: float = 30.0) -> bool:
        """Wait until Kafka has everything appended so far, or refused it for good; False when time ran out before."""
        with self._changed:
            target = self._appended
            return self._changed.wait_for(lambda: self._oldest >= target, timeout_s)

    def close(self, timeout_s: float = 30.0) -> bool:
        """Flush, end the thread and tell whether Kafka has everything."""
        is_safe = self.flush(timeout_s)
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._thread.join(_END_S)
        if not is_safe:
            text = "%d entries did not reach Kafka at %s before the end (%s); the stream has them"
            LOG.warning(text, self.counts.waiting, self._servers, self._problem or "no acknowledgement in time")
        return is_safe

    @property
    def counts(self) -> KafkaCounts:
        """What became of the entries so far."""
        with self._changed:
            return KafkaCounts(
                appended=self._appended,
                sent=self._sent,
                failed=self._failed,
                waiting=self._waiting,
                dropped=self._dropped,
                problem=self._problem,
            )

    @property
    def _waiting(self) -> int:
        return self._appended - self._sent - self._failed

    @property
    def _oldest(self) -> int:
        """The number of the oldest entry that waits; every one before it is settled."""
        if self._unsure:
            return next(iter(self._unsure))
        return self._queue[0][0] if self._queue else self._appended

    def _work(self) -> None:
        while self._wait_for_work():
            self._hand_over()
            self._producer.poll(_POLL_S if self._unsure else 0)
            self._tell_drops()
            if self._has_failed:
                self._start_over()
        self._producer.give_up()

    def _wait_for_work(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._unsure or self._is_closing, _IDLE_S)
            return not self._is_closing

    def _hand_over(self) -> None:
        with self._changed:
            room = min(_MOST_UNDER_WAY - len(self._unsure), _MOST_PER_TURN)
            batch = [self._queue.popleft() for _ in range(min(room, len(self._queue)))]
            self._unsure.update(batch)
        for number, entry in batch:
            self._producer.produce(entry, partial(self._settle, number))

    def _settle(self, number: int, fate: Fate, reason: str) -> None:
        """Take the fate of one entry; like all callbacks, it comes in the thread of the log."""
        with self._changed:
            del self._unsure[number]
            self._sent += fate == "sent"
            self._failed += fate == "refused"
            self._changed.notify_all()
        if fate == "refused":
            LOG.warning("Kafka refused an entry for good: %s", reason)
        elif self._problem is not None:
            self._problem, self._tell_beyond = None, self._dropped
            LOG.warning("Kafka at %s takes entries again; %d were dropped so far", self._servers, self._dropped)

    def _on_problem(self, problem: str) -> None:
        if self._problem is None:
            LOG.warning("Kafka at %s: %s; entries are kept in memory and answers go on", self._servers, problem)
        self._problem = problem

    def _on_failure(self, problem: str) -> None:
        if not self._has_failed:  # what the end of a producer then says of each entry is nothing new
            self._on_problem(problem)
        self._has_failed = True

    def _tell_drops(self) -> None:
        if self._dropped > self._tell_beyond:
            self._tell_beyond = math.inf
            LOG.warning("Kafka at %s is away or slow: entries are dropped; the stream has them", self._servers)

    def _start_over(self) -> None:
        """Hand all that was not acknowledged to a new producer, after a rest.

        An entry whose acknowledgement was lost arrives twice then; its prediction id tells.
        """
        self._producer.give_up()
        with self._changed:
            self._queue.extendleft(reversed(self._unsure.items()))
            self._unsure.clear()
            self._has_failed = False
            self._changed.wait_for(lambda: self._is_closing, self._pause_s)
        self._producer = self._new_producer()

    def _new_producer(self) -> EntryProducer:
        return EntryProducer(self._servers, self._topic, on_problem=self._on_problem, on_failure=self._on_failure)
