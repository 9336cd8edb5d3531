"""The key of a cached score: equal only where the model would see the same bits under the same release and snapshot."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_assets.serving.cache.keys import KEY_BYTES, Scope, row_keys

SCOPE = Scope("release-1", 1, "lightgbm", "snap-1", 7)
ROW = np.array([[1.0, 2.0, np.nan]])

numbers = st.floats(width=64, allow_nan=True, allow_infinity=True)


def test_a_key_is_the_same_in_every_process_and_on_every_machine() -> None:
    (key,) = row_keys(SCOPE, ROW)
    assert key.hex() == "124addadecb9921854d3a0058518bb23"
    assert len(key) == KEY_BYTES


@pytest.mark.parametrize(
    "other",
    [
        SCOPE._replace(release_id="release-2"),
        SCOPE._replace(output_schema_version=2),
        SCOPE._replace(engine="nvforest"),
        SCOPE._replace(snapshot_id="snap-2"),
        SCOPE._replace(snapshot_epoch=8),
        SCOPE._replace(snapshot_id=None, snapshot_epoch=None),
        Scope("release-1", 1, "lightgbmsnap-1", "", 7),
    ],
)
def test_another_release_schema_engine_or_snapshot_never_shares_a_key(other: Scope) -> None:
    assert row_keys(other, ROW) != row_keys(SCOPE, ROW)


@given(st.lists(st.lists(numbers, min_size=4, max_size=4), max_size=6))
def test_rows_share_a_key_exactly_when_all_their_bits_are_equal(rows: list[list[float]]) -> None:
    matrix = np.array(rows, dtype=np.float64).reshape(len(rows), 4)
    bits = [row.tobytes() for row in matrix]
    keys = row_keys(SCOPE, matrix)
    assert [[one == two for two in keys] for one in keys] == [[one == two for two in bits] for one in bits]


def test_a_row_has_the_same_key_alone_and_among_others_in_any_memory_layout() -> None:
    matrix = np.arange(12, dtype=np.float64).reshape(4, 3)
    together = row_keys(SCOPE, matrix)
    assert [row_keys(SCOPE, row[np.newaxis])[0] for row in matrix] == together
    assert row_keys(SCOPE, np.asfortranarray(matrix)) == together
    assert row_keys(SCOPE, matrix.astype(">f8")) == together


def test_numbers_that_compare_as_equal_but_differ_in_a_bit_are_kept_apart() -> None:
    zero, minus_zero = row_keys(SCOPE, np.array([[0.0], [-0.0]]))
    assert zero != minus_zero
