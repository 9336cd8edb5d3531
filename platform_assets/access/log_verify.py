"""Is the access log as it was written? Every line is read again; what was changed, removed, moved or added is named."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from platform_assets.access.log_anchor import Anchor, anchored_chains, read_anchor
from platform_assets.access.log_blocks import NO_BLOCK, Block, read_line, text_digest
from platform_assets.access.log_files import LogFiles, segment_number

_MOST_PROBLEMS = 20


class ChainSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One chain as it was found. It is intact when there is no problem; `torn` lines are those of killed writers."""

    chain: str
    blocks: int
    allowed: int
    denied: int
    lost_denials: int
    torn: int
    head: str
    problems: tuple[str, ...]


@dataclass(slots=True)
class _Walk:
    """What the walk along a chain has seen so far."""

    chain: str
    key: bytes
    macs: list[str] = field(default_factory=list)  # of the sound blocks, in order
    allowed: int = 0
    denied: int = 0
    lost_denials: int = 0
    torn: int = 0
    broken: tuple[str, bytes] | None = None  # a line that is no sound block, where it stands
    problems: list[str] = field(default_factory=list)

    def take(self, place: str, line: bytes) -> None:
        """Take the next whole line."""
        block = read_line(line, self.key)
        if block is None:
            self._settle_broken(None)
            self.broken = place, line
            return
        self._settle_broken(block)
        self._check_place(place, block)
        self.macs.append(block.mac)
        allowed = sum(each.is_allowed for each in block.accesses)
        self.allowed += allowed
        self.denied += len(block.accesses) - allowed
        self.lost_denials += block.lost_denials

    def end(self, rest: bytes, place: str, *, is_last: bool) -> None:
        """Take what follows the last line break of a segment: a killed writer leaves it, where nobody wrote since."""
        self._settle_broken(None)
        if rest and not is_last:
            self.problems.append(f"{place}: something was added at the end")
        self.torn += bool(rest)

    def has(self, anchor: Anchor) -> bool:
        """Tell whether the block that an anchor names is where it says."""
        return 0 < anchor.sequence <= len(self.macs) and self.macs[anchor.sequence - 1] == anchor.block_mac

    def _settle_broken(self, after: Block | None) -> None:
        if self.broken is None:
            return
        place, line = self.broken
        self.broken = None
        opening = after.opening if after else None
        if opening and (opening.torn_bytes, opening.torn_sha256) == (len(line), text_digest(line)):
            self.torn += 1
        else:
            self.problems.append(f"{place}: this line was changed or added")

    def _check_place(self, place: str, block: Block) -> None:
        last = self.macs[-1] if self.macs else NO_BLOCK
        if (block.chain, block.sequence, block.prev) != (self.chain, len(self.macs) + 1, last):
            self.problems.append(f"{place}: block {block.sequence} does not follow block {len(self.macs)}")
        opening = block.opening
        if opening is not None and opening.anchor_sequence:
            anchor = Anchor(chain=self.chain, sequence=opening.anchor_sequence, block_mac=opening.anchor_mac)
            if not self.has(anchor):
                self.problems.append(
                    f"{place}: block {anchor.sequence} was there when the writer began, and is not now"
                )


def verify_log(files: LogFiles, outside: Iterable[Anchor] = ()) -> tuple[ChainSeen, ...]:
    """Return every chain that exists or should; `outside` are ends that were told elsewhere, such as to Dagster.

    Raises AccessLogKeyError when the key is away.
    """
    key, kept = files.key(), list(outside)
    names = {*files.chains(), *anchored_chains(files.anchors_dir), *(anchor.chain for anchor in kept)}
    return tuple(_verify(files, key, name, [each for each in kept if each.chain == name]) for name in sorted(names))


def _verify(files: LogFiles, key: bytes, chain: str, outside: Sequence[Anchor]) -> ChainSeen:
    walk = _Walk(chain, key)
    # First of all: a block is on disk before its anchor is, and a writer may be at work.
    anchors = [*_own_anchor(files, walk), *outside]
    segments = files.segments(chain)
    for number, path in enumerate(segments, start=1):
        if segment_number(path) != number:
            walk.problems.append(f"{path.name}: segment {number} is missing")
        *lines, rest = path.read_bytes().split(b"\n")
        for position, line in enumerate(lines, start=1):
            walk.take(f"{path.name} line {position}", line)
        walk.end(rest, path.name, is_last=path == segments[-1])
    walk.problems.extend(_missing(walk, anchors))
    head = f"{chain}:{len(walk.macs)}:{walk.macs[-1]}" if walk.macs else ""
    return ChainSeen(
        chain=chain,
        blocks=len(walk.macs),
        allowed=walk.allowed,
        denied=walk.denied,
        lost_denials=walk.lost_denials,
        torn=walk.torn,
        head=head,
        problems=tuple(walk.problems[:_MOST_PROBLEMS]),
    )


def _own_anchor(files: LogFiles, walk: _Walk) -> list[Anchor]:
    try:
        anchor = read_anchor(files.anchors_dir, walk.chain, walk.key)
    except ValueError as error:
        walk.problems.append(f"{walk.chain}: {error}")
        return []
    if anchor is None:
        walk.problems.append(f"{walk.chain}: its anchor is missing")
        return []
    return [anchor]


def _missing(walk: _Walk, anchors: Iterable[Anchor]) -> Iterator[str]:
    for each in anchors:
        if not walk.has(each):
            yield f"{walk.chain}: block {each.sequence} is missing or another one; the chain ends at {len(walk.macs)}"
