"""Where a unit falls: stable, uniform, independent between salts, and only ever moved into what is ramped up."""

import itertools
import math
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platform_assets.contract.assignment import bucket, slot, takes_new

SHARES = (0.05, 0.2, 0.5, 1.0)
units = st.text(max_size=40)
salts = st.text(max_size=100)
TELL = "from platform_assets.contract.assignment import bucket\nprint(repr(bucket('rollout:churn-7', 'user-12345')))"


@given(salts, units)
def test_a_bucket_lies_in_the_half_open_range(salt: str, unit: str) -> None:
    assert 0.0 <= bucket(salt, unit) < 1.0


@given(salts, units)
def test_a_ramp_only_moves_units_into_the_new_release(salt: str, unit: str) -> None:
    taken = [takes_new(salt, unit, share) for share in SHARES]
    assert taken == sorted(taken)
    assert taken[-1]
    assert not takes_new(salt, unit, 0.0)


@given(salts, units, st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=5))
def test_a_treatment_that_grows_takes_units_from_the_control_alone(
    salt: str, unit: str, shares: list[tuple[float, float]]
) -> None:
    most = 1.0 / len(shares)
    before = [min(pair) * most for pair in shares]
    after = [max(pair) * most for pair in shares]
    was, is_now = slot(salt, unit, before), slot(salt, unit, after)
    assert was in {0, is_now}


@pytest.mark.parametrize("seed", ["0", "4711"])
def test_every_process_gives_the_same_bucket_whatever_its_hash_seed(seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    told = subprocess.run([sys.executable, "-c", TELL], env=environment, check=True, capture_output=True, text=True)
    assert float(told.stdout) == bucket("rollout:churn-7", "user-12345")


def test_buckets_are_the_same_on_every_machine_and_in_every_version() -> None:
    told = [bucket("exp-1", "user-1"), bucket("", ""), bucket("x" * 100, "\u00e9\ud800")]
    assert told == [0.2435856926983554, 0.3548498508203196, 0.4968484059894044]


def test_buckets_of_many_units_are_uniform() -> None:
    size, cells = 100_000, 100
    counts = [0] * cells
    for number in range(size):
        counts[int(bucket("exp-1", f"user-{number}") * cells)] += 1
    chi_square = sum((count - size / cells) ** 2 / (size / cells) for count in counts)
    assert abs(chi_square - (cells - 1)) < 4 * math.sqrt(2 * (cells - 1))


def test_buckets_of_two_experiments_are_independent() -> None:
    size, cells = 50_000, 10
    counts = dict.fromkeys(itertools.product(range(cells), repeat=2), 0)
    for number in range(size):
        unit = f"user-{number}"
        counts[int(bucket("exp-1", unit) * cells), int(bucket("exp-2", unit) * cells)] += 1
    expected = size / cells**2
    chi_square = sum((count - expected) ** 2 / expected for count in counts.values())
    assert abs(chi_square - (cells**2 - 1)) < 4 * math.sqrt(2 * (cells**2 - 1))


def test_each_of_several_treatments_gets_its_share() -> None:
    size, shares = 60_000, (0.1, 1 / 3, 0.2)
    found = [slot("exp-3", f"user-{number}", shares) for number in range(size)]
    for number, share in enumerate(shares, start=1):
        assert abs(found.count(number) / size - share) < 4 * math.sqrt(share * (1 - share) / size)
