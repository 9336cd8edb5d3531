"""The SLAs of a real endpoint with two workers: what it answered, over a restart, and that it is away."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.sla_counts import Objected, Units, units_since
from platform_assets.monitoring.slas.endpoint import Seen, look_at_endpoint
from platform_assets.monitoring.slas.observe import observe_slas
from platform_assets.settings import Settings
from tests.conftest import free_port
from tests.integration.endpoint_servers import Served, served, wait_for
from tests.unit.serving.conftest import Publisher, product_named

AT = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
CHURN = product_named("churn")


def ask(endpoint: Served, times: int, *, known: int) -> None:
    """Ask so often, and wait until every worker knows of as many answers: they tell each other once a second."""
    with httpx.Client(base_url=endpoint.url, timeout=30.0) as client:
        for _ in range(times):
            assert client.post("/v1/predict?model=churn", json={"entities": ["1"]}).status_code == 200
    labels = {"product": "churn", "outcome": "answered"}
    wait_for(lambda: endpoint.metric("platform_product_request_seconds_count", **labels) == known, endpoint)


@pytest.fixture
def settings(online_store: Settings) -> Settings:
    Publisher(online_store.home).publish("churn", constant=0.25)
    return replace(online_store, endpoint_port=free_port())


def test_what_an_endpoint_answers_is_counted_over_its_restart_and_its_absence(
    settings: Settings, tmp_path: Path
) -> None:
    ledger = open_ledger(settings.ledger_dsn)

    def observed(minutes: int) -> dict[str, tuple[str, float]]:
        found = observe_slas(settings, ledger, CHURN, AT + minutes * MINUTE)
        return {one.promise: (one.state, one.facts["total"]) for one in found if one.subject == "online"}

    def counted(measure: str) -> Units:
        return units_since(ledger, Objected("churn", "online", measure), AT, AT + HOUR)  # type: ignore[arg-type]

    assert observed(0)["sla_availability"] == ("unknown", 0.0)  # nobody has ever started one
    with served(settings, tmp_path / "one.log", workers=2, port=settings.endpoint_port) as endpoint:
        ask(endpoint, 20, known=20)
        assert observed(1)["sla_error_rate"] == ("unknown", 20.0)
        ask(endpoint, 20, known=40)
        assert observed(2)["sla_error_rate"] == ("kept", 40.0)
        seen = look_at_endpoint(settings, AT)
        assert isinstance(seen, Seen)
        assert seen.of("churn").within[2.5] <= seen.of("churn").answered == 40.0
        assert seen.of("churn").bound_within(200.0) == 0.2
    observed(3)
    with served(settings, tmp_path / "two.log", port=settings.endpoint_port) as endpoint:
        ask(endpoint, 5, known=5)
        observed(4)
    assert counted("error_rate") == Units(45, 45)
    assert counted("latency").total == 45
    assert counted("availability") == Units(3, 4)
