"""One chain of the access log: blocks are appended under a lock, and its end is anchored after each.

A block is on disk before its anchor is, so that an anchor never names what a power cut has taken.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from platform_assets.access.log_anchor import Anchor, read_anchor, write_anchor
from platform_assets.access.log_blocks import NO_BLOCK, Access, Block, Opening, read_line, signed_line, text_digest
from platform_assets.access.log_files import LogFiles, segment_number
from platform_assets.access.private_files import held
from platform_assets.inference.durable import sync_directory

SEGMENT_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _End:
    """Where a chain ends: the segment with its size, the last sound block, and the rest of a line after it."""

    segment: int = 1
    size: int = 0
    sequence: int = 0
    mac: str = NO_BLOCK
    torn: bytes = b""
    is_whole: bool = False  # what is torn is a sound block that lacks its line break alone


class Chain:
    """Appends to one chain. Several processes may: each looks where the chain ends before it writes."""

    def __init__(self, files: LogFiles, name: str, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Open a chain by its name (letters, digits, `-`); raises AccessLogKeyError."""
        self._files = files
        self._name = name
        self._key = files.key()
        self._segment_bytes = segment_bytes
        self._end: _End | None = None

    def append(self, accesses: Sequence[Access], *, lost_denials: int = 0) -> Anchor:
        """Write accesses as one block and return the new end; raises OSError when the disk does not take it."""
        with held(self._files.log_dir / self._name):
            end, opening = self._where_to_go_on()
            block = Block(
                chain=self._name,
                sequence=end.sequence + 1,
                prev=end.mac,
                accesses=tuple(accesses),
                lost_denials=lost_denials,
                opening=opening,
            )
            mac, line = signed_line(block, self._key)
            self._end = None  # unless all of it is on disk
            segment, size = self._write(end, line)
            self._end = _End(segment=segment, size=size, sequence=block.sequence, mac=mac)
            anchor = Anchor(chain=self._name, sequence=block.sequence, block_mac=mac)
            with suppress(OSError):  # the block is on disk; it is anchored with the next one
                write_anchor(self._files.anchors_dir, anchor, self._key, fsync=self._files.fsync)
        return anchor

    def _where_to_go_on(self) -> tuple[_End, Opening | None]:
        known = self._end
        if known is not None and self._is_still(known):
            return known, None
        end, sequence, mac = self._find_end(), 0, NO_BLOCK
        with suppress(ValueError):  # a changed anchor is what verification tells; the log goes on
            anchor = read_anchor(self._files.anchors_dir, self._name, self._key)
            if anchor is not None:
                sequence, mac = anchor.sequence, anchor.block_mac
        torn = b"" if end.is_whole else end.torn
        digest = text_digest(torn) if torn else ""
        return end, Opening(anchor_sequence=sequence, anchor_mac=mac, torn_bytes=len(torn), torn_sha256=digest)

    def _is_still(self, known: _End) -> bool:
        try:
            size = self._files.segment(self._name, known.segment).stat().st_size
        except FileNotFoundError:
            return known.size == 0
        return size == known.size and not self._files.segment(self._name, known.segment + 1).exists()

    def _find_end(self) -> _End:
        segments = self._files.segments(self._name)
        if not segments:
            return _End()
        last = segments[-1]
        content = last.read_bytes()
        *lines, torn = content.split(b"\n")
        whole = read_line(torn, self._key) if torn else None
        found = whole or _last_sound(lines, self._key)
        for earlier in reversed(segments[:-1]):  # a segment whose first line was torn
            found = found or _last_sound(earlier.read_bytes().split(b"\n"), self._key)
        end = _End(segment=segment_number(last), size=len(content), torn=torn)
        if found is None:
            return end
        return replace(end, sequence=found.sequence, mac=found.mac, is_whole=whole is not None)

    def _write(self, end: _End, line: bytes) -> tuple[int, int]:
        """Append a line; return the segment that it is in, with its size then."""
        segment, size = end.segment, end.size
        content = (b"\n" if end.torn else b"") + line + b"\n"
        if size >= self._segment_bytes and not end.torn:
            segment, size = segment + 1, 0
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        descriptor = os.open(self._files.segment(self._name, segment), flags, 0o600)
        try:
            written = 0
            while written < len(content):
                written += os.write(descriptor, content[written:])
            if self._files.fsync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if size == 0:
            sync_directory(self._files.log_dir, fsync=self._files.fsync)
        return segment, size + len(content)


def _last_sound(lines: Sequence[bytes], key: bytes) -> Block | None:
    return next((block for line in reversed(lines) if line and (block := read_line(line, key))), None)
