"""The end of a chain, kept apart from it: what tells that lines at the end are missing."""

import hmac
from pathlib import Path

import msgspec

from platform_assets.access.private_files import write_private


class Anchor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The last block of a chain at some instant, signed with the key of the log."""

    chain: str
    sequence: int
    block_mac: str
    mac: str = ""

    @property
    def text(self) -> str:
        """The anchor as one word, for run metadata: `chain:sequence:mac of the block`."""
        return f"{self.chain}:{self.sequence}:{self.block_mac}"


def anchor_of_text(text: str) -> Anchor:
    """Return the anchor that a word names; raises ValueError."""
    chain, sequence, block_mac = text.rsplit(":", 2)
    return Anchor(chain=chain, sequence=int(sequence), block_mac=block_mac)


def write_anchor(directory: Path, anchor: Anchor, key: bytes, *, fsync: bool) -> None:
    """Replace the anchor of a chain."""
    signed = msgspec.structs.replace(anchor, mac=_mac(anchor, key))
    write_private(anchor_path(directory, anchor.chain), msgspec.json.encode(signed), fsync=fsync)


def read_anchor(directory: Path, chain: str, key: bytes) -> Anchor | None:
    """Return the anchor of a chain, None when there is none; raises ValueError for one that was changed."""
    try:
        content = anchor_path(directory, chain).read_bytes()
    except FileNotFoundError:
        return None
    try:
        anchor = msgspec.json.decode(content, type=Anchor)
    except (msgspec.DecodeError, UnicodeError) as error:
        problem = f"its anchor cannot be read ({error})"
        raise ValueError(problem) from error
    if anchor.chain != chain or not hmac.compare_digest(anchor.mac, _mac(anchor, key)):
        problem = "its anchor was changed"
        raise ValueError(problem)
    return anchor


def anchored_chains(directory: Path) -> list[str]:
    """Return the names of the chains that have an anchor."""
    return sorted(path.stem for path in directory.glob("*.json"))


def anchor_path(directory: Path, chain: str) -> Path:
    """Return the file of an anchor."""
    return directory / f"{chain}.json"


def _mac(anchor: Anchor, key: bytes) -> str:
    return hmac.digest(key, f"anchor:{anchor.text}".encode(), "sha256").hex()
