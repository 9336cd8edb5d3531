"""Which predictions are looked at where only a share is: the same ones in every process and every run."""

import hashlib

_KEY = b"outcomes"
_BYTES = 8


def is_sampled(prediction_id: str, percent: int) -> bool:
    """Tell whether a prediction belongs to a share; one of a smaller share belongs to every larger one."""
    digest = hashlib.blake2b(prediction_id.encode(), key=_KEY, digest_size=_BYTES).digest()
    return int.from_bytes(digest) * 100 < percent << (8 * _BYTES)
