"""The access log: whole after any kill, and no edit of it goes unseen."""

import errno
import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from platform_assets.access.log_anchor import Anchor, anchor_of_text
from platform_assets.access.log_chain import Chain
from platform_assets.access.log_files import LogFiles
from platform_assets.access.log_read import read_accesses
from platform_assets.access.log_verify import ChainSeen, _Walk, verify_log
from platform_assets.access.log_writer import AccessLog
from platform_assets.errors import AccessLogKeyError
from tests.unit.access.conftest import access_number

EDITS = 1000


def filled(files: LogFiles, *, blocks: int = 12, segment_bytes: int = 3000) -> Chain:
    """Return a chain of a few segments."""
    chain = Chain(files, "endpoint-0", segment_bytes=segment_bytes)
    for number in range(blocks):
        chain.append([access_number(10 * number + each, is_allowed=each % 3 > 0) for each in range(number % 4 + 1)])
    return chain


def seen(files: LogFiles, *outside: Anchor) -> ChainSeen:
    (chain,) = verify_log(files, outside)
    return chain


def test_what_was_written_is_intact_and_read_in_order(files: LogFiles) -> None:
    filled(files)
    assert len(files.segments("endpoint-0")) > 1
    found = seen(files)
    assert (found.blocks, found.problems, found.torn) == (12, (), 0)
    accesses = list(read_accesses(files))
    assert len(accesses) == found.allowed + found.denied == 30
    assert accesses == sorted(accesses, key=lambda each: each.at)


def flip_a_bit(content: bytearray, luck: random.Random) -> None:
    content[luck.randrange(len(content))] ^= 1 << luck.randrange(8)


def remove_some(content: bytearray, luck: random.Random) -> None:
    start = luck.randrange(len(content))
    del content[start : start + luck.randint(1, 400)]


def add_some(content: bytearray, luck: random.Random) -> None:
    start = luck.randrange(len(content) + 1)
    content[start:start] = luck.choice([b" ", b"\n", b"\n\n", b"{}\n", luck.randbytes(luck.randint(1, 40))])


def cut_the_end(content: bytearray, luck: random.Random) -> None:
    del content[-luck.randint(1, len(content)) :]


def _lines(content: bytearray) -> list[bytes]:
    return bytes(content).splitlines(keepends=True)


def remove_a_line(content: bytearray, luck: random.Random) -> None:
    lines = _lines(content)
    del lines[luck.randrange(len(lines))]
    content[:] = b"".join(lines)


def swap_two_lines(content: bytearray, luck: random.Random) -> None:
    lines = _lines(content)
    if len(lines) == 1:
        lines.append(lines[0])
    one, other = luck.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    content[:] = b"".join(lines)


def repeat_a_line(content: bytearray, luck: random.Random) -> None:
    lines = _lines(content)
    lines.insert(luck.randrange(len(lines) + 1), luck.choice(lines))
    content[:] = b"".join(lines)


def lie_in_one_word(content: bytearray, luck: random.Random) -> None:
    words = [
        word for word in (b"retention_desk", b'"is_allowed":false', b"call_guidance", b"request-") if word in content
    ]
    word = luck.choice(words)
    lie = (
        b"order_desk" if word == b"retention_desk" else word.replace(b"false", b"true") + b"1" * (b"false" not in word)
    )
    content[:] = bytes(content).replace(word, lie, 1)


KINDS: list[Callable[[bytearray, random.Random], None]] = [
    *(flip_a_bit, remove_some, add_some, cut_the_end),
    *(remove_a_line, swap_two_lines, repeat_a_line, lie_in_one_word),
]


def test_a_thousand_random_edits_are_all_found(files: LogFiles) -> None:
    filled(files)
    segments = files.segments("endpoint-0")
    originals = {path: path.read_bytes() for path in segments}
    luck, missed, tried = random.Random(20260301), [], 0  # noqa: S311 - the same edits every time
    while tried < EDITS:
        path, edit = luck.choice(segments), luck.choice(KINDS)
        content = bytearray(originals[path])
        edit(content, luck)
        if bytes(content) == originals[path]:
            continue
        tried += 1
        path.write_bytes(content)
        if not seen(files).problems:
            missed.append((edit.__name__, path.name, tried))
        path.write_bytes(originals[path])
    assert missed == []
    assert seen(files).problems == ()


def test_whole_segments_that_are_removed_or_swapped_are_found(files: LogFiles) -> None:
    filled(files)
    first, *_, last = files.segments("endpoint-0")
    content = first.read_bytes(), last.read_bytes()
    for path, kept in zip((first, last), content, strict=True):
        path.unlink()
        assert seen(files).problems
        path.write_bytes(kept)
    first.write_bytes(content[1])
    last.write_bytes(content[0])
    assert seen(files).problems


def test_a_log_that_is_gone_as_a_whole_is_missed_by_its_anchor(files: LogFiles) -> None:
    filled(files)
    for path in files.segments("endpoint-0"):
        path.unlink()
    assert seen(files).problems == ("endpoint-0: block 12 is missing or another one; the chain ends at 0",)


def test_a_log_cut_together_with_its_anchor_is_found_by_an_end_told_elsewhere(files: LogFiles) -> None:
    chain = Chain(files, "endpoint-0")
    early = chain.append([access_number(1)])
    anchors = {path: path.read_bytes() for path in files.anchors_dir.iterdir()}
    (segment,) = files.segments("endpoint-0")
    short = segment.read_bytes()
    told = chain.append([access_number(2)]).text
    segment.write_bytes(short)
    for path, content in anchors.items():
        path.write_bytes(content)
    assert seen(files).problems == ()  # an old log with its old anchor: nothing here can tell
    assert seen(files, anchor_of_text(told)).problems
    assert seen(files, early).problems == ()


def test_an_anchor_that_is_changed_or_removed_is_found(files: LogFiles) -> None:
    filled(files)
    (anchor,) = (path for path in files.anchors_dir.iterdir() if path.suffix == ".json")
    content = anchor.read_bytes()
    for changed in (content.replace(b":12,", b":11,"), b"{}", b"\xff"):
        anchor.write_bytes(changed)
        assert seen(files).problems
    anchor.unlink()
    assert seen(files).problems == ("endpoint-0: its anchor is missing",)


@pytest.mark.parametrize("left", [1, 40, 399, -2])
def test_a_line_that_a_killed_writer_left_is_told_apart_from_tampering(files: LogFiles, left: int) -> None:
    filled(files, blocks=3, segment_bytes=10**6)
    (path,) = files.segments("endpoint-0")
    whole, lines = path.read_bytes(), path.read_bytes().splitlines()
    path.write_bytes(whole + lines[-1][:left])  # as a power cut leaves it: never anchored
    assert (seen(files).torn, seen(files).problems) == (1, ())
    Chain(files, "endpoint-0").append([access_number(99)])
    found = seen(files)
    assert (found.blocks, found.torn, found.problems) == (4, 1, ())


def test_a_block_that_lacks_its_line_break_alone_is_gone_on_from(files: LogFiles) -> None:
    filled(files, blocks=3, segment_bytes=10**6)
    (path,) = files.segments("endpoint-0")
    path.write_bytes(path.read_bytes()[:-1])
    Chain(files, "endpoint-0").append([access_number(99)])
    found = seen(files)
    assert (found.blocks, found.torn, found.problems) == (4, 0, ())


def test_a_log_that_grows_while_it_is_verified_is_intact(files: LogFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    chain, take = filled(files, blocks=3, segment_bytes=10**6), _Walk.take

    def grow(walk: _Walk, place: str, line: bytes) -> None:
        chain.append([access_number(99)])
        take(walk, place, line)

    monkeypatch.setattr(_Walk, "take", grow)
    assert seen(files).problems == ()


def test_nothing_is_allowed_once_nobody_writes_the_log(files: LogFiles) -> None:
    log = AccessLog(Chain(files, "endpoint-0"))
    assert not log.is_blocked
    assert log.close(10.0)
    assert log.is_blocked


def test_a_cut_that_is_made_to_look_like_a_kill_is_found_after_the_next_writer_too(files: LogFiles) -> None:
    filled(files, blocks=3, segment_bytes=10**6)
    (path,) = files.segments("endpoint-0")
    path.write_bytes(path.read_bytes()[:-30])
    assert seen(files).problems
    later = Chain(files, "endpoint-0")
    for number in range(3):
        later.append([access_number(100 + number)])
    assert "was there when the writer began" in " ".join(seen(files).problems)


def test_two_writers_of_one_chain_leave_one_chain(files: LogFiles) -> None:
    chains = [Chain(files, "commands", segment_bytes=2000) for _ in range(2)]

    def write(chain: Chain) -> None:
        for number in range(25):
            chain.append([access_number(number)])

    threads = [threading.Thread(target=write, args=(chain,)) for chain in chains]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (seen(files).blocks, seen(files).problems) == (50, ())


def test_without_its_key_a_log_is_neither_verified_nor_gone_on_with(files: LogFiles) -> None:
    filled(files)
    files.key_path.unlink()
    with pytest.raises(AccessLogKeyError, match="restore it"):
        verify_log(files)
    with pytest.raises(AccessLogKeyError):
        Chain(files, "endpoint-1")


class FullDisk(Chain):
    """A chain whose disk is full until a test makes room."""

    is_full = True

    def append(self, accesses: object, *, lost_denials: int = 0) -> Anchor:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().append(accesses, lost_denials=lost_denials)  # type: ignore[arg-type] # handed on


def test_a_full_disk_blocks_what_is_allowed_before_it_loses_a_denial(files: LogFiles) -> None:
    chain = FullDisk(files, "endpoint-0")
    log = AccessLog(chain, most_waiting=30, kept_for_denials=10, retry_s=0.01)
    for number in range(19):
        log.add(access_number(number))
    assert not log.is_blocked
    log.add(access_number(19))
    assert log.is_blocked
    for number in range(20, 35):
        log.add(access_number(number, is_allowed=False))
    assert log.waiting == 30
    chain.is_full = False
    assert log.close(10.0)
    found = seen(files)
    assert (found.allowed, found.denied, found.lost_denials, found.problems) == (20, 10, 5, ())


def test_a_writer_that_cannot_write_says_so_and_ends_in_time(files: LogFiles) -> None:
    said: list[str] = []
    log = AccessLog(FullDisk(files, "endpoint-0"), retry_s=0.01, say=said.append)
    log.add(access_number(1))
    assert not log.close(10.0)
    assert log.problem == "it cannot be written: No space left on device"
    assert len(said) == 1


def test_the_files_of_the_log_are_for_their_owner_alone(files: LogFiles) -> None:
    filled(files)
    kept = [path for directory in (files.log_dir, files.anchors_dir) for path in directory.iterdir()]
    assert {path.stat().st_mode & 0o777 for path in [*kept, files.key_path]} == {0o600}
    assert not {Path(files.key_path).parent} & {files.log_dir}
