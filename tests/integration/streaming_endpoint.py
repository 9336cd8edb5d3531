"""A real endpoint that predicts parking demand, with a snapshot and what the batch knows of one car park."""

import datetime as dt
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import httpx
import lightgbm
import numpy as np
import redis

from platform_assets.clock import epoch_seconds
from platform_assets.contract.streaming import StreamingFeatures
from platform_assets.online.connection import connect
from platform_assets.online.snapshot_copy import KeySetTable
from platform_assets.online.snapshot_writer import publish_snapshot
from platform_assets.online.streaming.bases import write_bases
from platform_assets.online.streaming.buckets import CountedEvent, base_of, bucket_of, fold, read_state
from platform_assets.online.streaming.keys import inbox_key, space_of, state_key
from platform_assets.settings import Settings
from tests.integration.test_endpoint_process import running
from tests.unit.serving.conftest import Publisher, feature_layout, product_named

PRODUCT, BAY = "parking_demand", "bay-1"
MIDNIGHT = dt.datetime(2016, 12, 19, tzinfo=dt.UTC)
ASKED_AT = MIDNIGHT.replace(hour=12, minute=35)
_WAIT_S = 30.0


def declared() -> StreamingFeatures:
    """Return what the product declares."""
    online = product_named(PRODUCT).online
    assert online is not None
    assert online.streaming is not None
    return online.streaming


def reading(number: int, minute: int, occupancy: int, *, bay: str = BAY, day: int = 19) -> dict[str, Any]:
    """Return a reading of so many minutes after midnight, as a counter sends it."""
    at = MIDNIGHT.replace(day=day) + dt.timedelta(minutes=minute)
    told = {"event_id": f"r{number}", "event_at": at.isoformat(), "parking_bay_id": bay}
    return {**told, "occupancy": occupancy, "capacity": 1000}


def model_of_the_first_input() -> bytes:
    """Return a model whose score moves with the newest occupancy ratio."""
    inputs = product_named(PRODUCT).model_inputs
    assert inputs[0] == "occupancy_ratio"
    matrix = np.random.default_rng(1).uniform(0, 1, size=(600, len(inputs)))
    parameters = {"objective": "regression", "verbosity": -1, "num_threads": 1, "seed": 1}
    booster = lightgbm.train(parameters, lightgbm.Dataset(matrix, matrix[:, 0]), num_boost_round=30)
    return str(booster.model_to_string()).encode()


@dataclass(frozen=True)
class StreamingEndpoint:
    """Where it listens, its process and its store."""

    url: str
    process: "subprocess.Popen[bytes]"
    settings: Settings
    store: redis.Redis

    def send(self, *events: dict[str, Any]) -> httpx.Response:
        """Send events over HTTP."""
        return httpx.post(f"{self.url}/v1/events/{PRODUCT}", json={"events": list(events)}, timeout=10.0)

    def score(self, *, at: dt.datetime = ASKED_AT) -> float:
        """Return the score for 13:00, once the store has answered within its budget on this busy machine."""
        answers: list[dict[str, Any]] = []

        def is_answered() -> bool:
            answers.append(self.ask(at=at))
            return bool(answers[-1]["reason"] != "online_store_unavailable")

        eventually(is_answered)
        assert answers[-1]["fallback"] == "none", answers[-1]
        return float(answers[-1]["score"])

    def ask(self, *, bay: str = BAY, at: dt.datetime = ASKED_AT) -> dict[str, Any]:
        """Return the answer for 13:00, whatever it is."""
        row = {"parking_bay_id": bay, "target_at": MIDNIGHT.replace(hour=13).isoformat()}
        body = {"product": PRODUCT, "rows": [row], "event_at": at.isoformat()}
        answer = httpx.post(f"{self.url}/v1/predict", json=body, timeout=10.0)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["predictions"][0]
        return found


@contextmanager
def streaming_endpoint(settings: Settings) -> Iterator[StreamingEndpoint]:
    """Serve until the end of the block."""
    Publisher(settings.home).publish(PRODUCT, files={"model.txt": model_of_the_first_input()})
    with connect(settings.online_url) as store:
        publish_parking(store, settings)
        with running(settings, settings.home / "endpoint.log") as (url, process):
            yield StreamingEndpoint(url, process, settings, store)


def publish_parking(store: redis.Redis, settings: Settings, *, snapshot_id: str = "s1") -> None:
    """Publish a snapshot of midnight, and what the batch knows of the day before: 0.2 at its last slot."""
    layout, streaming = feature_layout(product_named(PRODUCT)), declared()
    observed = epoch_seconds(MIDNIGHT) - 7.5 * 3600
    tables = [
        KeySetTable(
            key_columns=[[key] for key in keys],
            event_times=np.full((1, 1), observed),
            values=np.full((1, len(key_set.columns)), 0.2),
        )
        for key_set, keys in zip(layout.key_sets, ((BAY,), (BAY, 26)), strict=True)
    ]
    as_of = epoch_seconds(MIDNIGHT)
    publish_snapshot(store, layout, tables, as_of=as_of, snapshot_id=snapshot_id, settings=settings)
    event = CountedEvent("", observed, bucket_of(streaming, observed), (0.2, 1000.0))
    write_bases(store, space_of(PRODUCT, streaming), {BAY: base_of(streaming, fold([event]), as_of)})


def events_counted(store: redis.Redis) -> int:
    """Return how many events the car park's state counts."""
    raw = cast("bytes | None", store.get(state_key(space_of(PRODUCT, declared()), BAY)))
    return sum(bucket.events for bucket in read_state(raw).values())


def waiting(store: redis.Redis) -> int:
    """Return how many events are in the inbox."""
    return cast("int", store.xlen(inbox_key(PRODUCT)))


def eventually(is_so: Callable[[], bool]) -> None:
    """Return as soon as something holds; fail when it never does."""
    deadline = time.monotonic() + _WAIT_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
