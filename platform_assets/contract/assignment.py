"""Which share of the traffic a unit falls into: the same answer in every process, on every machine, for ever.

A unit is a user, an entity or one request, given as text. Its bucket is a keyed hash of that text, and the key is the
name of the rollout or experiment (the salt), so that the users who try one release first are not those who try the
next.
"""

import functools
import hashlib
from collections.abc import Sequence
from typing import Literal

Unit = Literal["user", "entity", "request"]

_KEY_BYTES = 32
# A float holds 53 bits exactly; more could round up to 1.0, which is no bucket.
_SPARE_BITS = 11
_SCALE = 2.0**-53


def bucket(salt: str, unit: str) -> float:
    """Return where a unit lies in [0, 1): uniform over units, independent between salts, equal in every process."""
    return (int.from_bytes(_digest(salt, unit), "big") >> _SPARE_BITS) * _SCALE


def unit_digest(salt: str, unit: str) -> str:
    """Return 16 hexadecimal digits for a unit: the same for the same unit and salt, another one for another salt.

    They do not show the unit's text, but the salt is no secret: who has a list of all units can find it.
    """
    # Another key than that of the bucket: a digest does not tell where its unit lies.
    return _digest(f"digest of {salt}", unit).hex()


def takes_new(salt: str, unit: str, share: float) -> bool:
    """Return whether a unit is among the `share` in [0, 1] that gets the new release; a larger share loses nobody."""
    return bucket(salt, unit) < share


def slot(salt: str, unit: str, shares: Sequence[float]) -> int:
    """Return 0 for the control or n for the n-th treatment, given the treatments' shares of all units.

    Each of k treatments owns one k-th of the range and fills it from its start, so raising any share moves units from
    the control into that treatment and nobody between treatments. So no share may be above 1/k.
    """
    place = bucket(salt, unit) * len(shares)
    owner = int(place)
    # Comparing in the unit range keeps a share of exactly 1/k whole in spite of rounding.
    taken = owner < len(shares) and (place - owner) < shares[owner] * len(shares)
    return owner + 1 if taken else 0


def _digest(salt: str, unit: str) -> bytes:
    state = _keyed(salt).copy()
    state.update(unit.encode("utf-8", "surrogatepass"))
    return state.digest()


@functools.lru_cache(maxsize=4096)
def _keyed(salt: str) -> "hashlib.blake2b":
    """Return the hash with its key set; it is copied for each unit, which is cheaper than setting the key again."""
    key = hashlib.blake2b(salt.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest()
    return hashlib.blake2b(key=key, digest_size=8)
