"""Shares the rows of a large matrix among threads; no bit changes, since rows do not depend on each other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from platform_assets.inference.frame import Floats

# What a thread scores in one go: long enough to repay the thread, short enough to share the work evenly.
_PART_ROWS = 2_048


def score_in_parts(score: Callable[[Floats, Floats], None], matrix: Floats, scores: Floats, threads: int) -> None:
    """Fill `scores` by calls of `score(rows, their scores)`: one call, or several at once for many rows."""
    if threads == 1 or len(matrix) <= _PART_ROWS:
        score(matrix, scores)
        return
    parts = [slice(start, start + _PART_ROWS) for start in range(0, len(matrix), _PART_ROWS)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda part: score(matrix[part], scores[part]), parts))
