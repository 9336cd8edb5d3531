"""What the scores of the training data looked like: a small file of a bundle, to compare batches and traffic with."""

from pathlib import Path

import msgspec

from platform_assets.errors import ModelUnusableError

REFERENCE_FILE = "score_reference.json"


class ScoreReference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The distribution of a model's scores over its training rows, and the base rates that were observed.

    `scores` are evenly spaced in rank and stand for `rows` scores. `base_rate_low` and `base_rate_high` are the
    smallest and the largest mean label of a month of training and test examples, `base_rate` that of all.
    """

    rows: int
    scores: tuple[float, ...]
    base_rate: float
    base_rate_low: float
    base_rate_high: float


def read_reference(bundle: Path) -> ScoreReference | None:
    """Return the reference of a bundle that was verified, None for one that was made without any.

    Raises ModelUnusableError for a file that cannot be read as what it is.
    """
    path = bundle / REFERENCE_FILE
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=ScoreReference | None)
    except msgspec.DecodeError as error:
        raise ModelUnusableError(file=str(path), problem=str(error)) from error
