"""Ages by three clocks: each has its own limit, bounds are kept, and a clock set back is never fresh."""

import datetime as dt

import msgspec
import pytest

from platform_assets.clock import BusinessClock
from platform_assets.contract.ages import Stamps, ages_of, is_stale, kept_until, valid_until
from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.product import Product
from platform_assets.contract.promises import Freshness, PromiseState
from platform_assets.products._discovery import discover_products

LIVE, REPLAY = BusinessClock("live"), BusinessClock("replay")
AS_OF = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
STAMPS = Stamps(as_of=AS_OF, published_at=AS_OF + 4 * HOUR, source_at=AS_OF - 6 * HOUR)
FRESHNESS = Freshness(max_age_hours=48, warn_hours=30, max_publication_age_hours=36, max_source_age_hours=8)


def product(freshness: Freshness = FRESHNESS) -> Product:
    declared = next(one for one in discover_products() if one.name == "churn")
    return msgspec.structs.replace(declared, batch=msgspec.structs.replace(declared.batch, freshness=freshness))


def told(stamps: Stamps, at: dt.datetime, clock: BusinessClock = LIVE) -> dict[str, tuple[float | None, PromiseState]]:
    return {age.name: (age.hours, age.state) for age in ages_of(product(), stamps, clock, at)}


def test_each_clock_runs_from_its_own_instant() -> None:
    assert told(STAMPS, AS_OF + 10 * HOUR) == {
        "data_age": (10.0, "kept"),
        "publication_age": (6.0, "kept"),
        "source_age": (6.0, "kept"),
    }


@pytest.mark.parametrize(("hours", "state"), [(30, "kept"), (31, "at_risk"), (48, "at_risk"), (49, "broken")])
def test_the_data_warns_before_it_is_too_old_and_a_bound_is_still_kept(hours: int, state: PromiseState) -> None:
    assert told(STAMPS, AS_OF + hours * HOUR)["data_age"] == (hours, state)


def test_a_run_that_is_too_long_ago_is_stale_although_the_data_is_young() -> None:
    late = msgspec.structs.replace(STAMPS, as_of=AS_OF + 30 * HOUR, source_at=AS_OF + 29 * HOUR)
    ages = ages_of(product(), late, LIVE, AS_OF + 41 * HOUR)
    assert [age.state for age in ages] == ["kept", "broken", "kept"]
    assert is_stale(ages)


def test_a_batch_of_old_sources_is_stale_however_young_it_is() -> None:
    old = msgspec.structs.replace(STAMPS, source_at=AS_OF - 9 * HOUR)
    ages = ages_of(product(), old, LIVE, AS_OF + 5 * HOUR)
    assert [age.state for age in ages] == ["kept", "kept", "broken"]
    assert is_stale(ages)
    assert valid_until(product(), old, LIVE) == AS_OF
    assert kept_until(product(), old, LIVE) is None


def test_sources_that_were_not_measured_are_unknown_and_stop_nothing() -> None:
    ages = ages_of(product(), msgspec.structs.replace(STAMPS, source_at=None), LIVE, AS_OF + 5 * HOUR)
    assert ages[-1].state == "unknown"
    assert not is_stale(ages)


def test_a_clock_that_was_set_back_is_unknown_and_stale_never_fresh() -> None:
    ages = ages_of(product(), STAMPS, LIVE, AS_OF - HOUR)
    assert [age.state for age in ages[:2]] == ["unknown", "unknown"]
    assert is_stale(ages)


def test_clocks_of_two_machines_may_differ_by_minutes() -> None:
    assert told(STAMPS, STAMPS.published_at - dt.timedelta(minutes=4))["publication_age"][1] == "kept"


def test_in_replay_mode_a_demo_of_last_year_is_as_fresh_as_its_data() -> None:
    now = DATASETS["online_retail"].replay_now
    stamps = Stamps(as_of=now - 12 * HOUR, published_at=AS_OF, source_at=now - 13 * HOUR)
    assert told(stamps, AS_OF + 9000 * HOUR, REPLAY) == {
        "data_age": (12.0, "kept"),
        "publication_age": (12.0, "kept"),
        "source_age": (1.0, "kept"),
    }


def test_what_is_left_out_is_the_age_of_the_data_and_no_promise_of_sources() -> None:
    ages = ages_of(product(Freshness(max_age_hours=48, warn_hours=30)), STAMPS, LIVE, AS_OF + HOUR)
    assert [(age.name, age.max_hours) for age in ages] == [("data_age", 48), ("publication_age", 48)]


def test_a_batch_is_valid_until_the_first_clock_runs_out() -> None:
    until = valid_until(product(), STAMPS, LIVE)
    assert until == STAMPS.published_at + 36 * HOUR
    assert not is_stale(ages_of(product(), STAMPS, LIVE, until))
    assert is_stale(ages_of(product(), STAMPS, LIVE, until + dt.timedelta(seconds=1)))
    assert valid_until(product(), STAMPS, REPLAY) == AS_OF + 36 * HOUR
