"""Streamed readings give the features that dbt computes of the same readings a night later, to the last bit."""

import datetime as dt
import math
import random
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import msgspec
import pytest

from platform_assets.clock import epoch_seconds, midnight
from platform_assets.contract.product import Product
from platform_assets.contract.streaming import StreamingFeatures
from platform_assets.features.batch_events import batch_buckets
from platform_assets.features.contracts_raw import validate_raw
from platform_assets.features.dbt_build import dbt_variables, run_dbt
from platform_assets.features.raw_files import fetch_raw
from platform_assets.monitoring.streaming.reconcile import reconcile
from platform_assets.online.connection import connect
from platform_assets.online.streaming.apply import apply_again
from platform_assets.online.streaming.buckets import Buckets, base_of, fold
from platform_assets.online.streaming.events import Moment, ReadyEvent, Scalar, read_event
from platform_assets.online.streaming.refresh import Stored, refresh
from platform_assets.settings import Settings
from tests.unit.serving.conftest import product_named

AT = dt.datetime(2024, 1, 2, tzinfo=dt.UTC)
DAY = midnight(dt.date(2016, 12, 15))
ALWAYS = Moment(0.0, 1e11)


def parking() -> tuple[Product, StreamingFeatures]:
    product = product_named("parking_demand")
    assert product.online is not None
    assert product.online.streaming is not None
    return product, product.online.streaming


@dataclass(frozen=True)
class Parking:
    """A home with the sample's readings in staging and their features as dbt builds them."""

    settings: Settings

    def readings(self) -> list[dict[str, Scalar]]:
        """Return the readings of the day as a counter sends them."""
        sql = f"""
            select parking_bay_id, observed_at, occupancy, capacity
            from '{self.settings.staging_dir}/parking_slots.parquet'
            where is_observed and observed_at::date = '2016-12-15' order by all
        """
        names = ("parking_bay_id", "event_at", "occupancy", "capacity")
        rows = [dict(zip(names, row, strict=True)) for row in _query(sql)]
        return [
            {**row, "event_id": f"e{number}", "event_at": f"{row['event_at']:%Y-%m-%dT%H:%M:%S.%f}Z"}
            for number, row in enumerate(rows)
        ]

    def features(self, columns: tuple[str, ...]) -> dict[tuple[str, float], list[float]]:
        """Return what dbt says of each reading, by car park and instant."""
        told = ", ".join("epoch_us(observed_at) / 1e6" if name == "observed_at" else name for name in columns)
        sql = f"""
            select parking_bay_id, epoch_us(event_at) / 1e6, {told}
            from '{self.settings.home}/build/parking_recent.parquet' where event_at::date = '2016-12-15'
        """
        rows = _query(sql)
        return {(row[0], row[1]): [math.nan if value is None else value for value in row[2:]] for row in rows}


def _query(sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(sql).fetchall()


@pytest.fixture(scope="session")
def parked(tmp_path_factory: pytest.TempPathFactory) -> Parking:
    settings = Settings(home=tmp_path_factory.mktemp("parked"), data_source="sample", fsync=False)
    validate_raw(fetch_raw("car_parks", settings, fetched_at=AT), settings)
    days, build = (dt.date(2016, 12, 1), dt.date(2016, 12, 19)), settings.home / "build"
    variables = dbt_variables(settings, as_of_from=days[0], as_of_to=days[1], build_dir=build)
    run_dbt(settings, ["run", "--select", "+parking_recent"], scratch=settings.scratch_dir / "dbt", variables=variables)
    return Parking(settings)


def events_of(readings: list[dict[str, Scalar]]) -> list[ReadyEvent]:
    product, streaming = parking()
    events = [read_event(product.name, streaming, reading, ALWAYS) for reading in readings]
    return [event for event in events if isinstance(event, ReadyEvent)]


def test_each_reading_of_a_day_refreshes_every_feature_as_dbt_computes_it(parked: Parking) -> None:
    product, streaming = parking()
    events = events_of(parked.readings())
    repeats = [
        event._replace(counted=event.counted._replace(event_id=f"{event.counted.event_id}x")) for event in events
    ]
    mixed = [*events, *repeats]
    random.Random(1).shuffle(mixed)  # noqa: S311 - the same order in every run
    by_bay: dict[str, list[ReadyEvent]] = defaultdict(list)
    for event in mixed:
        by_bay[event.entity].append(event)
    states: dict[str, Buckets] = {bay: fold(each.counted for each in told) for bay, told in by_bay.items()}
    known = batch_buckets(parked.settings, product, streaming, as_of=DAY)
    expected, since = parked.features(streaming.refreshed), epoch_seconds(DAY)
    compared = 0
    for event in events:
        bay, at = event.entity, event.counted.at
        base = base_of(streaming, known[bay], since)
        found = refresh(streaming, states[bay], base, Stored(math.nan, since, {}), at)
        assert found is not None
        told = [found.values[name] for name in streaming.refreshed]
        assert msgspec.msgpack.encode(told) == msgspec.msgpack.encode([float(v) for v in expected[bay, at]]), (bay, at)
        assert found.event_time == at
        compared += 1
    assert compared == len(expected) > 30


def test_a_closed_day_agrees_with_the_batch_and_what_does_not_is_named(parked: Parking, online_store: Settings) -> None:
    product, streaming = parking()
    settings = replace(parked.settings, redis_url=online_store.redis_url)
    readings = parked.readings()
    with connect(settings.online_url) as client:
        apply_again(client, product.name, streaming, events_of(readings))
    as_of = DAY + dt.timedelta(days=1)
    good = reconcile(settings, product, streaming, as_of=as_of)
    assert (good.match, good.mismatch, good.missing, good.extra) == (len(readings), 0, 0, 0)
    assert good.agrees
    assert good.day == DAY.date()
    with connect(settings.online_url) as client:
        client.flushall()
        wrong = [{**readings[0], "occupancy": 1}, {**readings[1], "event_at": "2016-12-15T16:44:59Z"}, *readings[2:-1]]
        apply_again(client, product.name, streaming, events_of(wrong))
    bad = reconcile(settings, product, streaming, as_of=as_of)
    assert not bad.agrees
    assert bad.mismatch >= 1
    assert bad.missing >= 1
    assert bad.match + bad.mismatch + bad.missing == len(readings)
    assert any("mismatch" in example for example in bad.examples)


def test_a_day_without_any_event_has_nothing_to_compare(parked: Parking, online_store: Settings) -> None:
    product, streaming = parking()
    found = reconcile(replace(parked.settings, redis_url=online_store.redis_url), product, streaming, as_of=DAY)
    assert (found.streamed, found.agrees) == (0, True)
    assert found.missing > 30
    assert found.entities > 1
