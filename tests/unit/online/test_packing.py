"""Entity keys and packed rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from platform_assets.errors import SnapshotCorruptError
from platform_assets.online.layout import ViewLayout, build_manifest
from platform_assets.online.packing import entity_key, entity_keys, pack_rows, unpack_rows

MANIFEST = build_manifest(
    "churn_v1",
    [
        ViewLayout(name="orders", join_keys=("customer_id",), columns=("n", "revenue")),
        ViewLayout(name="profile", join_keys=("customer_id",), columns=("age",)),
    ],
)
LAYOUT = MANIFEST.key_sets[0]
NUMBERS = st.floats(width=64)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ((12346,), "12346"),
        ((12346.0,), "12346"),
        ((np.int64(12346),), "12346"),
        ((np.float64(12346.0),), "12346"),
        (("0012",), "0012"),
        ((b"BHMBCCMKT01",), "BHMBCCMKT01"),
        (("Bay|1", 7.0), "Bay%7C1|7"),
        (("100%",), "100%25"),
        ((1.5,), "1.5"),
        (("Zürich",), "Zürich"),
    ],
)
def test_an_entity_has_one_spelling(values: tuple[object, ...], key: str) -> None:
    assert entity_key(values) == key


@given(st.lists(st.tuples(st.text(), st.text()), unique=True))
def test_different_entities_have_different_keys(pairs: list[tuple[str, str]]) -> None:
    assert len({entity_key(pair) for pair in pairs}) == len(pairs)


def test_many_keys_are_spelled_like_one() -> None:
    keys = entity_keys([["A|1", "ü"], np.array([1.0, 2.5])])
    assert [key.decode() for key in keys.tolist()] == [entity_key(("A|1", 1)), entity_key(("ü", 2.5))]


@given(arrays(np.float64, (4, 3), elements=NUMBERS), arrays(np.float64, (4, 2), elements=NUMBERS))
def test_every_bit_of_a_number_survives_packing(values: np.ndarray, event_times: np.ndarray) -> None:
    packed = pack_rows(LAYOUT, MANIFEST.schema_hash, event_times, values)
    rows = unpack_rows(LAYOUT, MANIFEST.schema_hash, [row.tobytes() for row in packed], service="churn_v1")
    np.testing.assert_array_equal(rows.values, values)
    np.testing.assert_array_equal(np.signbit(rows.values), np.signbit(np.where(np.isnan(values), np.nan, values)))
    np.testing.assert_array_equal(rows.event_times, event_times)
    assert rows.found.all()


def test_two_kinds_of_missing_are_the_same_bytes() -> None:
    other_nan = np.array([0x7FF8_0000_0000_0123], dtype=np.uint64).view(np.float64)[0]
    first, second = (
        pack_rows(LAYOUT, MANIFEST.schema_hash, np.full((1, 2), nan), np.full((1, 3), nan))
        for nan in (np.nan, other_nan)
    )
    assert first.tobytes() == second.tobytes()


def test_an_absent_row_is_missing_everywhere() -> None:
    rows = unpack_rows(LAYOUT, MANIFEST.schema_hash, [None], service="churn_v1")
    assert np.isnan(rows.values).all()
    assert np.isnan(rows.event_times).all()
    assert not rows.found.any()


def test_no_rows_are_no_rows() -> None:
    rows = unpack_rows(LAYOUT, MANIFEST.schema_hash, [], service="churn_v1")
    assert (rows.values.shape, rows.event_times.shape, rows.found.shape) == ((0, 3), (0, 2), (0,))


@pytest.mark.parametrize("raw", [b"", b"short", bytes(8 * LAYOUT.width), bytes(8 * LAYOUT.width + 8)])
def test_bytes_that_are_no_row_of_the_schema_are_refused(raw: bytes) -> None:
    with pytest.raises(SnapshotCorruptError, match="churn_v1"):
        unpack_rows(LAYOUT, MANIFEST.schema_hash, [raw], service="churn_v1")


def test_arrays_of_another_shape_are_refused() -> None:
    with pytest.raises(SnapshotCorruptError, match="2 views and 3 columns"):
        pack_rows(LAYOUT, MANIFEST.schema_hash, np.zeros((1, 2)), np.zeros((1, 4)))
