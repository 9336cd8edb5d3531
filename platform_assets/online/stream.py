"""The prediction log stream in Redis: appended to in pipelines, read and trimmed by the drain.

Entries are opaque bytes; each carries its prediction_id inside. An append whose answer was lost is repeated, so an
entry may stand in the stream twice: the drain keeps the first of each prediction_id.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import redis

from platform_assets.online.connection import address, store_errors
from platform_assets.online.spool import Spool, spooled

_FIELD = b"e"
ENTRIES_PER_COMMAND = 500


def append_batch(client: redis.Redis, stream: str, entries: Sequence[bytes]) -> None:
    """Append entries in order; raises OnlineStoreUnavailableError, after which any of them may be in the stream."""
    with store_errors(address(client)):
        for start in range(0, len(entries), ENTRIES_PER_COMMAND):
            pipeline = client.pipeline(transaction=False)
            for entry in entries[start : start + ENTRIES_PER_COMMAND]:
                pipeline.xadd(stream, {_FIELD: entry})
            pipeline.execute()


def read_batch(client: redis.Redis, stream: str, after_id: str, count: int) -> list[tuple[str, bytes]]:
    """Return up to `count` entries that follow `after_id` ("0-0" for the first), with their ids, in order."""
    with store_errors(address(client)):
        found = cast("list[tuple[bytes, dict[bytes, bytes]]]", client.xrange(stream, min=f"({after_id}", count=count))
    return [(entry_id.decode(), fields[_FIELD]) for entry_id, fields in found]


def trim(client: redis.Redis, stream: str, up_to_id: str) -> int:
    """Delete all entries up to and including an id, once they are safe elsewhere; return how many there were."""
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
