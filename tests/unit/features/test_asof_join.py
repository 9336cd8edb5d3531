"""The point-in-time join equals a slow reference and lets nothing in from the future."""

import datetime as dt
import hashlib
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platform_assets.errors import NotMaterializedError, ViewContractError
from platform_assets.features.asof_join import ViewJoin, asof_join
from platform_assets.features.history_files import day_dir

ORIGIN = dt.datetime(2011, 3, 1, tzinfo=dt.UTC)
TTL = dt.timedelta(days=2)
UTC_US = pa.timestamp("us", tz="UTC")
Fact = tuple[str, dt.datetime, dt.datetime, float]


def _write_history(directory: Path, facts: list[Fact]) -> None:
    for day in {event_at.date() for _, event_at, _, _ in facts}:
        rows = sorted(fact for fact in facts if fact[1].date() == day)
        table = pa.table(
            {
                "bay": pa.array([row[0] for row in rows]),
                "event_at": pa.array([row[1] for row in rows], type=UTC_US),
                "known_at": pa.array([row[2] for row in rows], type=UTC_US),
                "ratio": pa.array([row[3] for row in rows]),
            }
        )
        folder = day_dir(directory, day)
        folder.mkdir(parents=True)
        pq.write_table(table, folder / f"part-{hashlib.sha256(repr(rows).encode()).hexdigest()[:16]}.parquet")


def _join(directory: Path, examples: list[tuple[str | None, dt.datetime]]) -> pa.Table:
    table = pa.table(
        {
            "key": pa.array([key for key, _ in examples], type=pa.string()),
            "event_at": pa.array([at for _, at in examples], type=UTC_US),
        }
    )
    join = ViewJoin(view="v", directory=directory, join_keys={"bay": "key"}, columns={"ratio": "found"}, ttl=TTL)
    return asof_join(table, [join])


def _reference(facts: list[Fact], key: str | None, at: dt.datetime) -> float | None:
    known = [f for f in facts if f[0] == key and f[1] <= at and f[2] <= at and f[1] >= at - TTL]
    return max(known, key=lambda fact: (fact[1], fact[2]))[3] if known else None


_instants = st.integers(0, 6 * 8).map(lambda steps: ORIGIN + dt.timedelta(hours=3 * steps))
_facts = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), _instants, _instants),
    max_size=25,
    unique=True,
).map(lambda rows: [(*row, float(number)) for number, row in enumerate(rows)])
_examples = st.lists(st.tuples(st.sampled_from(["a", "b", "c", None]), _instants), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(facts=_facts.filter(bool), examples=_examples)
def test_the_join_equals_a_slow_reference(facts: list[Fact], examples: list[tuple[str | None, dt.datetime]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _write_history(Path(folder), facts)
        found = _join(Path(folder), examples).column("found").to_pylist()
    assert found == [_reference(facts, key, at) for key, at in examples]


@settings(max_examples=40, deadline=None)
@given(facts=_facts.filter(bool), examples=_examples)
def test_no_value_enters_that_is_later_than_its_example(
    facts: list[Fact], examples: list[tuple[str | None, dt.datetime]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _write_history(Path(folder), facts)
        found = _join(Path(folder), examples).column("found").to_pylist()
    times = {value: (event_at, known_at) for _, event_at, known_at, value in facts}
    for (_, at), value in zip(examples, found, strict=True):
        if value is not None:
            event_at, known_at = times[value]
            assert at - TTL <= event_at <= at
            assert known_at <= at


def test_every_example_keeps_its_place_even_when_repeated_or_without_key(tmp_path: Path) -> None:
    _write_history(tmp_path, [("a", ORIGIN, ORIGIN, 1.0)])
    later = ORIGIN + dt.timedelta(hours=1)
    table = _join(tmp_path, [("z", later), ("a", later), (None, later), ("a", later), ("a", ORIGIN)])
    assert table.column("key").to_pylist() == ["z", "a", None, "a", "a"]
    assert table.column("found").to_pylist() == [None, 1.0, None, 1.0, 1.0]


@pytest.mark.parametrize(("extra_us", "expected"), [(0, 1.0), (1, None)])
def test_a_value_exactly_as_old_as_the_time_to_live_is_found(
    tmp_path: Path, extra_us: int, expected: float | None
) -> None:
    _write_history(tmp_path, [("a", ORIGIN, ORIGIN, 1.0)])
    at = ORIGIN + TTL + dt.timedelta(microseconds=extra_us)
    assert _join(tmp_path, [("a", at)]).column("found").to_pylist() == [expected]


def test_examples_far_from_any_history_find_nothing(tmp_path: Path) -> None:
    _write_history(tmp_path, [("a", ORIGIN, ORIGIN, 1.0)])
    table = _join(tmp_path, [("a", ORIGIN - dt.timedelta(days=400)), ("a", ORIGIN + dt.timedelta(days=400))])
    assert table.column("found").to_pylist() == [None, None]
    assert table.schema.field("found").type == pa.float64()


def test_an_instant_in_another_zone_is_the_same_instant(tmp_path: Path) -> None:
    _write_history(tmp_path, [("a", ORIGIN, ORIGIN, 1.0)])
    # Cast, not made from datetimes of that zone: pyarrow drops their offset once a zone library was loaded.
    in_the_west = pa.array([ORIGIN], UTC_US).cast(pa.timestamp("ns", tz="EST"))
    table: Any = pa.table({"key": ["a"], "event_at": in_the_west})
    join = ViewJoin(view="v", directory=tmp_path, join_keys={"bay": "key"}, columns={"ratio": "found"}, ttl=TTL)
    assert asof_join(table, [join]).column("found").to_pylist() == [1.0]


def test_a_view_without_any_history_names_its_asset(tmp_path: Path) -> None:
    with pytest.raises(NotMaterializedError, match="features/v"):
        _join(tmp_path / "nothing", [("a", ORIGIN)])


def test_a_history_without_a_wanted_column_says_so(tmp_path: Path) -> None:
    _write_history(tmp_path, [("a", ORIGIN, ORIGIN, 1.0)])
    table = pa.table({"key": ["a"], "event_at": pa.array([ORIGIN], type=UTC_US)})
    join = ViewJoin(view="v", directory=tmp_path, join_keys={"bay": "key"}, columns={"newer": "newer"}, ttl=TTL)
    with pytest.raises(ViewContractError, match="newer"):
        asof_join(table, [join])
