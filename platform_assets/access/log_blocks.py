"""One line of the access log: a few accesses, chained to the line before and signed."""

import datetime as dt
import hashlib
import hmac

import msgspec

from platform_assets.access.words import Action

NO_BLOCK = ""  # what the first block of a chain follows


class Access(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One access that was allowed or denied; it holds no value of a prediction, no feature and no secret."""

    at: dt.datetime
    subject: str
    credential: str
    action: Action | None
    output: str
    version: str
    purpose: str
    is_allowed: bool
    why: str
    request_id: str


class Opening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a writer found when it opened the chain: the anchored end, and what a killed writer left of a line."""

    anchor_sequence: int
    anchor_mac: str
    torn_bytes: int = 0
    torn_sha256: str = ""


class Block(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Accesses that were written together. `prev` is the `mac` of the block before, `sequence` counts from 1.

    `lost_denials` counts those that found the log blocked for so long that no memory was left for them.
    """

    chain: str
    sequence: int
    prev: str
    accesses: tuple[Access, ...]
    lost_denials: int = 0
    opening: Opening | None = None
    mac: str = ""


_UNSIGNED = b'""}'  # how a block without its MAC ends: it is the last field
_DECODER = msgspec.json.Decoder(Block)


def signed_line(block: Block, key: bytes) -> tuple[str, bytes]:
    """Return the MAC of all that a block says, and its line with it; what is signed is encoded once."""
    text = line_of(block)
    mac = _mac_of(text, key)
    return mac, text.removesuffix(_UNSIGNED) + f'"{mac}"}}'.encode("ascii")


def line_of(block: Block) -> bytes:
    """Return the one spelling of a block, without the line break."""
    return msgspec.json.encode(block)


def read_line(line: bytes, key: bytes) -> Block | None:
    """Return the block of a line; None unless it is spelt as `line_of` does and signed with this key."""
    try:
        block = _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    if line_of(block) != line or not hmac.compare_digest(block.mac, _mac(block, key)):
        return None
    return block


def text_digest(content: bytes) -> str:
    """Return what names the remains of a line."""
    return hashlib.sha256(content).hexdigest()


def _mac(block: Block, key: bytes) -> str:
    return _mac_of(line_of(msgspec.structs.replace(block, mac="")), key)


def _mac_of(text: bytes, key: bytes) -> str:
    return hmac.digest(key, text, "sha256").hex()
