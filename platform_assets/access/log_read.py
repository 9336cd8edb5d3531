"""The accesses of the log, for people and checks; whether the log is intact is told by `verify_log`."""

import heapq
from collections.abc import Iterator

from platform_assets.access.log_blocks import Access, read_line
from platform_assets.access.log_files import LogFiles


def read_accesses(files: LogFiles) -> Iterator[Access]:
    """Yield the accesses of all chains in the order of their time; lines that are not sound are passed over."""
    key = files.key()
    yield from heapq.merge(*(_of_chain(files, key, chain) for chain in files.chains()), key=lambda each: each.at)


def _of_chain(files: LogFiles, key: bytes, chain: str) -> Iterator[Access]:
    for path in files.segments(chain):
        with path.open("rb") as lines:
            for line in lines:
                block = read_line(line.rstrip(b"\n"), key)
                if block is not None:
                    yield from block.accesses
