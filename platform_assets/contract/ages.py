"""How old a published batch is by three clocks: the one arithmetic of batches, of the watch and of readers.

In live mode the data clock runs from the as-of, the clock of the run from the publication; both to now. In replay mode
business time stands still at the end of the data and says nothing of when somebody ran a demo: there the schedule
stands for the run, and a batch counts as published at its as-of. The clock of the source runs in both modes from the
newest raw event to the as-of: what a batch could know does not get older by waiting.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Literal

import msgspec

from platform_assets.clock import BusinessClock
from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.product import Product
from platform_assets.contract.promises import PromiseState

AgeName = Literal["data_age", "publication_age", "source_age"]

# Clocks of several machines differ by so much; an age below it belongs to a clock that was set back.
_LEAST_HOURS = -5.0 / 60.0


class Stamps(msgspec.Struct, frozen=True, kw_only=True):
    """The instants that the ages of a batch are measured from; `source_at` is None where it was not measured."""

    as_of: dt.datetime
    published_at: dt.datetime
    source_at: dt.datetime | None = None


class Age(msgspec.Struct, frozen=True, kw_only=True):
    """One age against its limits, all in hours; `hours` is None where it cannot be told."""

    name: AgeName
    hours: float | None
    warn_hours: float
    max_hours: float

    @property
    def is_before(self) -> bool:
        """Whether now lies before the instant that the age is measured from: the clock is wrong."""
        return self.hours is not None and self.hours < _LEAST_HOURS

    @property
    def state(self) -> PromiseState:
        """Where the promise stands; a bound itself is still kept, and an age before its start is never fresh."""
        if self.hours is None or self.is_before:
            return "unknown"
        if self.hours > self.max_hours:
            return "broken"
        return "at_risk" if self.hours > self.warn_hours else "kept"

    @property
    def is_stale(self) -> bool:
        """Whether nothing may be done with the predictions without a person."""
        return self.state == "broken" or self.is_before


def business_now(product: Product, clock: BusinessClock, at: dt.datetime) -> dt.datetime:
    """Return the business time of a product at a wall time."""
    return clock.now(pinned=DATASETS[product.dataset].replay_now, wall=at)


def ages_of(product: Product, stamps: Stamps, clock: BusinessClock, at: dt.datetime) -> list[Age]:
    """Return the ages that a product promises for its published batch, at a wall time."""
    promised = product.batch.freshness
    now = business_now(product, clock, at)
    ran_at = stamps.as_of if clock.mode == "replay" else stamps.published_at
    of_run = promised.max_publication_age_hours or promised.max_age_hours
    ages = [
        Age(
            name="data_age",
            hours=_hours(now - stamps.as_of),
            warn_hours=promised.warn_hours,
            max_hours=promised.max_age_hours,
        ),
        Age(name="publication_age", hours=_hours(now - ran_at), warn_hours=of_run, max_hours=of_run),
    ]
    if (of_source := promised.max_source_age_hours) is not None:
        hours = None if stamps.source_at is None else _hours(stamps.as_of - stamps.source_at)
        ages.append(Age(name="source_age", hours=hours, warn_hours=of_source, max_hours=of_source))
    return ages


def is_stale(ages: Sequence[Age]) -> bool:
    """Tell whether any clock of a batch is beyond its limit."""
    return any(age.is_stale for age in ages)


def valid_until(product: Product, stamps: Stamps, clock: BusinessClock) -> dt.datetime:
    """Return the business instant after which the batch is stale; its as-of when its sources were too old then."""
    until = kept_until(product, stamps, clock)
    if until is None:
        return stamps.as_of
    return min(stamps.as_of + dt.timedelta(hours=product.batch.freshness.max_age_hours), until)


def kept_until(product: Product, stamps: Stamps, clock: BusinessClock) -> dt.datetime | None:
    """Return the last business instant at which run and sources are young enough, for who sees the as-of alone.

    None where the sources were too old from the start.
    """
    promised = product.batch.freshness
    ran_at = stamps.as_of if clock.mode == "replay" else stamps.published_at
    of_run = promised.max_publication_age_hours or promised.max_age_hours
    by_source = [age for age in ages_of(product, stamps, clock, stamps.published_at) if age.name == "source_age"]
    return None if is_stale(by_source) else ran_at + dt.timedelta(hours=of_run)


def is_fresh(age_s: float, limit_s: float) -> bool:
    """Tell whether an age in seconds is within its limit; one that lies before its start belongs to a wrong clock."""
    return _LEAST_HOURS * 3600.0 <= age_s <= limit_s


def _hours(age: dt.timedelta) -> float:
    return age / dt.timedelta(hours=1)
