"""The key figures of a real endpoint: what it answered, reused and used is told by the asset and at /metrics."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import httpx
import pytest

from platform_assets.clock import wall_now
from platform_assets.cost_settings import CostSettings
from platform_assets.ledger.database import open_ledger
from platform_assets.monitoring.cost.online_use import newest_day, observe_use
from platform_assets.monitoring.figures.history import past_figures
from platform_assets.orchestration.figure_assets import figure_assets
from platform_assets.settings import Settings
from tests.conftest import free_port
from tests.integration.endpoint_servers import Served, served, wait_for
from tests.unit.serving.conftest import Publisher, product_named

CHURN = product_named("churn")
PRICES = CostSettings(cpu_core_hour=36.0, memory_gib_hour=0.0)
CALLS, DIFFERENT = 60, 15


@pytest.fixture
def settings(online_store: Settings) -> Settings:
    Publisher(online_store.home).publish("churn")
    return replace(online_store, endpoint_port=free_port(), costs=PRICES)


@pytest.fixture
def endpoint(settings: Settings, tmp_path: Path) -> Iterator[Served]:
    with served(settings, tmp_path / "endpoint.log", port=settings.endpoint_port) as running:
        yield running


def call(endpoint: Served) -> None:
    with httpx.Client(base_url=endpoint.url, timeout=30.0) as client:
        for number in range(CALLS):
            values = [float(number % DIFFERENT), *range(1, len(CHURN.stored_columns))]
            features = {"customer_id": "1", **dict(zip(CHURN.stored_columns, values, strict=True))}
            body = {"model": "churn", "features": features, "event_at": "2011-12-09T12:00:00Z"}
            assert client.post("/v1/predict", json=body).status_code == 200


def test_what_an_endpoint_did_becomes_the_figures_of_the_day_and_is_shown_by_it(
    settings: Settings, endpoint: Served
) -> None:
    ledger = open_ledger(settings.ledger_dsn)
    observe_use(settings, ledger, CHURN, wall_now())
    call(endpoint)
    wait_for(lambda: endpoint.metric("platform_predictions_total", product="churn") == CALLS, endpoint)
    observe_use(settings, ledger, CHURN, wall_now())
    day = newest_day(ledger, "churn", wall_now())
    assert day is not None
    assert (day.predictions, day.answered, day.looked_up, day.reused) == (CALLS, CALLS, CALLS, CALLS - DIFFERENT)
    assert 0.0 < day.cpu_seconds <= endpoint.metric("platform_process_cpu_seconds_total")
    assert dg.materialize(figure_assets(settings, [CHURN])).success
    kept = {(one.figure.name, one.figure.mode): one.figure.value for one in past_figures(settings, "churn")}
    assert kept["reused", "online"] == (CALLS - DIFFERENT) / CALLS
    assert kept["cost_per_thousand", "online"] == pytest.approx(day.cpu_seconds * 36.0 / 3600.0 / CALLS * 1000.0)
    assert (kept["latency_p95", "online"] or 0.0) > 0.0
    assert (kept["parity", "online"], kept["drift_rate", "online"]) == (None, None)  # nothing was proved or compared
    shown = endpoint.metric("platform_cost_per_thousand_predictions", product="churn", mode="online", currency="EUR")
    assert shown == pytest.approx(kept["cost_per_thousand", "online"])
    assert endpoint.metric("platform_cache_saved_cost", product="churn") > 0.0
