"""Where log entries go: to the stream that the drain reads and, where the settings name brokers, to Kafka as well."""

import time
from dataclasses import dataclass

from platform_assets.online.kafka_log import KafkaLog
from platform_assets.online.log_writer import LogWriter
from platform_assets.settings import Settings


@dataclass(frozen=True, slots=True)
class LogSinks:
    """Gives every entry to both. The stream alone is the record: what Kafka lacks is there, and nobody waits for it."""

    stream: LogWriter
    kafka: KafkaLog | None = None

    def append(self, entries: list[bytes]) -> None:
        """Queue entries and return at once."""
        self.stream.append(entries)
        if self.kafka is not None:
            self.kafka.append(entries)

    def flush(self, timeout_s: float = 30.0) -> bool:
        """Wait until everything appended so far is in the stream or on disk; False when time ran out before."""
        return self.stream.flush(timeout_s)

    def close(self, timeout_s: float = 30.0) -> bool:
        """Flush both within one limit, end their threads and tell whether everything is in the stream or on disk."""
        ends_at = time.monotonic() + timeout_s
        is_safe = self.stream.close(timeout_s)
        if self.kafka is not None:
            self.kafka.close(max(ends_at - time.monotonic(), 0.0))
        return is_safe


def open_log(settings: Settings) -> LogSinks:
    """Return the log that the settings ask for; no server need be there.

    Raises MissingToolError when they name Kafka brokers and confluent-kafka is not installed.
    """
    kafka = None if settings.log_kafka is None else KafkaLog(settings.log_kafka)
    return LogSinks(LogWriter(settings.online_url, settings.spool_dir, fsync=settings.fsync), kafka)
