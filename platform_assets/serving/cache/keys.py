"""The key of a cached score: everything that the score is a function of, and nothing else.

It is taken after the on-demand features, over the row of the model's matrix. So `event_at` counts exactly where a
feature is computed from it, and columns that the model never sees do not split equal predictions. The bits are taken as
they are: `-0.0` and `0.0`, or two spellings of NaN, are different keys. That costs at most a miss; joining them would
have to be proven harmless for every engine. A promotion, a rollback or a new snapshot changes the key, so nothing has
to be invalidated.
"""

import functools
import hashlib
from typing import NamedTuple

import msgspec

from platform_assets.inference.frame import Floats

KEY_BYTES = 16
# One call asks once, and consecutive calls of a product ask for the same few.
_SCOPES_REMEMBERED = 256


class Scope(NamedTuple):
    """What all rows of one call share: two scopes never share an entry.

    The snapshot is None where nothing was read from one. `engine` names what computes the score, so that an answer
    from the cache may name it too.
    """

    release_id: str
    output_schema_version: int
    engine: str
    snapshot_id: str | None = None
    snapshot_epoch: int | None = None


def row_keys(scope: Scope, matrix: Floats) -> list[bytes]:
    """Return the blake2b-128 key of each row of the model's matrix [rows, inputs], in order.

    Equal keys mean the same scope and bit-equal inputs, in every process and on every machine.
    """
    begun = _begin(scope)
    width = matrix.shape[1] * 8
    raw = matrix.astype("<f8", copy=False).tobytes()
    keys = []
    for start in range(0, len(raw), width or 1):
        row = begun.copy()
        row.update(raw[start : start + width])
        keys.append(row.digest())
    return keys


@functools.lru_cache(maxsize=_SCOPES_REMEMBERED)
def _begin(scope: Scope) -> hashlib.blake2b:
    """Return the hash that every row of a scope continues; JSON keeps the end of one field from joining the next."""
    return hashlib.blake2b(msgspec.json.encode(scope), digest_size=KEY_BYTES)
