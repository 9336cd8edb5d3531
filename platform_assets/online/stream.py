"""The prediction log stream in Redis: appended to in pipelines, read and trimmed by the drain.

Entries are opaque bytes; each carries its prediction_id inside. A message holds the entries of a few milliseconds as
one MessagePack list, because a command per entry costs more than the entry itself. An append whose answer was lost is
repeated, so an entry may stand in the stream twice: the drain keeps the first of each prediction_id.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import msgspec
import redis

from platform_assets.online.connection import address, store_errors
from platform_assets.online.spool import Spool, spooled

_FIELD = b"entries"
ENTRIES_PER_MESSAGE = 100
_MESSAGES_PER_COMMAND = 10
_Message = tuple[bytes, dict[bytes, bytes]]
_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[bytes])


def append_batch(client: redis.Redis, stream: str, entries: Sequence[bytes]) -> None:
    """Append entries in order; raises OnlineStoreUnavailableError, after which any of them may be in the stream."""
    with store_errors(address(client)):
        messages = [
            entries[start : start + ENTRIES_PER_MESSAGE] for start in range(0, len(entries), ENTRIES_PER_MESSAGE)
        ]
        for start in range(0, len(messages), _MESSAGES_PER_COMMAND):
            pipeline = client.pipeline(transaction=False)
            for message in messages[start : start + _MESSAGES_PER_COMMAND]:
                pipeline.xadd(stream, {_FIELD: as_message(message)})
            pipeline.execute()


def as_message(entries: Sequence[bytes]) -> bytes:
    """Return entries as the content of one message."""
    return _ENCODER.encode(entries)


def read_batch(client: redis.Redis, stream: str, after_id: str, count: int) -> list[tuple[str, bytes]]:
    """Return about `count` entries that follow `after_id` ("0-0" for the first), in order, none only at the end.

    Each comes with the id of its message; a message is never returned in part. One that is no list of entries is
    returned as a single entry, for whoever reads entries to set aside.
    """
    found: list[tuple[str, bytes]] = []
    while len(found) < count:
        with store_errors(address(client)):
            wanted = max(1, (count - len(found)) // ENTRIES_PER_MESSAGE)
            messages = cast("list[_Message]", client.xrange(stream, min=f"({after_id}", count=wanted))
        if not messages:
            break
        found += [(message_id.decode(), entry) for message_id, fields in messages for entry in _entries(fields)]
        after_id = messages[-1][0].decode()
    return found


def _entries(fields: dict[bytes, bytes]) -> list[bytes]:
    content = fields.get(_FIELD, b"")
    try:
        return _DECODER.decode(content)
    except msgspec.DecodeError:
        return [content]


def trim(client: redis.Redis, stream: str, up_to_id: str) -> int:
    """Delete all messages up to and including an id, once they are safe elsewhere; return how many there were."""
    milliseconds, _, number = up_to_id.partition("-")
    first_kept = f"{milliseconds}-{int(number) + 1}"
    with store_errors(address(client)):
        return cast("int", client.xtrim(stream, minid=first_kept, approximate=False))


def replay(client: redis.Redis, stream: str, spool: Spool) -> int:
    """Append everything of a spool file in order, delete it, and return how many entries that were.

    Raises OnlineStoreUnavailableError; the file then stays and the next replay starts from its beginning.
    """
    count = 0
    for entries in spool.batches():
        append_batch(client, stream, entries)
        count += len(entries)
    spool.delete()
    return count


def take_over(client: redis.Redis, stream: str, spool_dir: Path) -> int:
    """Append the spooled entries of dead processes to the stream; return how many. Those of living ones are theirs."""
    count = 0
    for path in spooled(spool_dir):
        spool = Spool.take_over(path)
        if spool is None:
            continue
        try:
            count += replay(client, stream, spool)
        finally:
            spool.close()
    return count
