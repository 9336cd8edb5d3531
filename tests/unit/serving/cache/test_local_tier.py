"""The first tier of the prediction cache: bounded in number and in age."""

import numpy as np
import pytest

from platform_assets.inference.scoring import Scored
from platform_assets.serving.cache.local import LocalTier
from platform_assets.serving.cache.prediction import Prediction, join, pack, split, unpack


def prediction(score: float) -> Prediction:
    return Prediction(score, 0.01, is_valid=True, computed_at=1000.0)


def test_what_was_kept_is_found_until_it_expires_and_is_then_dropped() -> None:
    tier = LocalTier(10)
    tier.keep(b"a", prediction(0.1), expires_at=5.0)
    assert tier.find([b"a", b"b"], 4.999) == [prediction(0.1), None]
    assert tier.find([b"a"], 5.0) == [None]
    assert len(tier) == 0


def test_the_entry_that_was_used_longest_ago_makes_room() -> None:
    tier = LocalTier(2)
    tier.keep(b"a", prediction(0.1), expires_at=9.0)
    tier.keep(b"b", prediction(0.2), expires_at=9.0)
    tier.find([b"a"], 0.0)
    tier.keep(b"c", prediction(0.3), expires_at=9.0)
    assert tier.find([b"a", b"b", b"c"], 0.0) == [prediction(0.1), None, prediction(0.3)]
    assert (len(tier), tier.evicted) == (2, 1)


def test_keeping_a_key_again_replaces_it_and_evicts_nothing() -> None:
    tier = LocalTier(1)
    tier.keep(b"a", prediction(0.1), expires_at=1.0)
    tier.keep(b"a", prediction(0.2), expires_at=9.0)
    assert tier.find([b"a"], 5.0) == [prediction(0.2)]
    assert tier.evicted == 0


def test_a_smaller_bound_takes_effect_with_the_next_entry() -> None:
    tier = LocalTier(5)
    for name in b"abcde":
        tier.keep(bytes([name]), prediction(0.1), expires_at=9.0)
    tier.max_entries = 2
    tier.keep(b"f", prediction(0.6), expires_at=9.0)
    assert len(tier) == 2
    assert tier.find([b"f"], 0.0) == [prediction(0.6)]


@pytest.mark.parametrize("value", [Prediction(0.1, 0.2, True, 3.5), Prediction(-0.0, 1e-320, False, 0.0)])  # noqa: FBT003
def test_a_packed_prediction_comes_back_with_every_bit(value: Prediction) -> None:
    back = unpack(pack(value))
    assert back is not None
    assert pack(back) == pack(value)


def test_bytes_of_another_layout_are_no_prediction() -> None:
    assert unpack(None) is None
    assert unpack(b"") is None
    assert unpack(pack(prediction(0.1))[:-1]) is None


def test_scores_that_were_split_into_predictions_join_to_the_same_arrays() -> None:
    scored = Scored(np.array([0.1, np.inf]), np.array([np.nan, 0.2]), np.array([True, False]))
    joined = join(split(scored, 7.0))
    assert joined.score.tobytes() == scored.score.tobytes()
    assert joined.uncertainty.tobytes() == scored.uncertainty.tobytes()
    assert joined.is_valid.tolist() == [True, False]
