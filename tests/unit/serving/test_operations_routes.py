"""What operators, consumers and Prometheus read."""

import datetime as dt
import operator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from platform_assets.clock import BusinessClock
from platform_assets.serving.health import Component
from tests.unit.serving.conftest import AS_OF, Endpoint, make_endpoint

pytestmark = pytest.mark.anyio


async def get(endpoint: Endpoint, path: str, status: int = 200) -> Any:  # noqa: ANN401 - JSON of any shape
    async with endpoint.client() as client:
        response = await client.get(path)
    assert response.status_code == status, response.text
    return response.json()


async def test_the_process_is_alive_but_not_ready_before_anything_is_released(endpoint: Endpoint) -> None:
    await endpoint.parts.refresh()
    assert await get(endpoint, "/livez") == {"status": "alive"}
    assert await get(endpoint, "/readyz", 503) == {"is_ready": False, "failing": []}
    assert (await get(endpoint, "/health", 503))["status"] == "failing"


async def test_a_tested_release_with_a_snapshot_is_ready_and_well(endpoint: Endpoint) -> None:
    release = endpoint.publisher.publish("churn")
    await endpoint.parts.refresh()
    assert (await get(endpoint, "/readyz"))["is_ready"]
    health = await get(endpoint, "/health")
    assert health["status"] == "ok"
    assert health["products"]["churn"]["release_id"] == release.release_id


async def test_a_store_that_is_away_degrades_and_stays_ready_since_fallbacks_are_declared(endpoint: Endpoint) -> None:
    endpoint.publisher.publish("churn")
    endpoint.features.failure = "online_store_unavailable"
    await endpoint.parts.refresh()
    health = await get(endpoint, "/health")
    assert (health["status"], health["is_ready"]) == ("degraded", True)
    assert "fall back to last_batch, default_score, skip_action" in health["products"]["churn"]["detail"]


async def test_a_broken_release_is_told_in_health_products_and_metrics(endpoint: Endpoint) -> None:
    endpoint.publisher.publish("churn", model_version=1)
    await endpoint.parts.refresh()
    endpoint.publisher.publish("churn", model_version=2, files={"model.txt": b"no model"})
    await endpoint.parts.refresh()
    health = await get(endpoint, "/health")
    seen = await get(endpoint, "/v1/products/churn")
    assert health["products"]["churn"]["state"] == seen["state"] == "serving_previous"
    assert "model.txt" in seen["error"]
    assert seen["release"]["model_version"] == 1
    assert b'state="serving_previous"} 1.0' in endpoint.parts.metrics.render()


async def test_one_failed_product_makes_the_endpoint_unready_by_name(endpoint: Endpoint) -> None:
    endpoint.publisher.publish("churn")
    endpoint.publisher.publish("parking_demand", files={"model.txt": b"no model"})
    await endpoint.parts.refresh()
    assert await get(endpoint, "/readyz", 503) == {"is_ready": False, "failing": ["parking_demand"]}


async def test_a_component_that_is_degraded_shows_in_health(endpoint: Endpoint) -> None:
    endpoint.publisher.publish("churn")
    await endpoint.parts.refresh()
    spool = {"prediction_log": Component(status="degraded", detail="12 entries wait in the spool")}
    object.__setattr__(endpoint.parts, "components", lambda: spool)
    health = await get(endpoint, "/health")
    assert health["status"] == "degraded"
    assert health["components"]["prediction_log"]["detail"] == "12 entries wait in the spool"


async def test_products_tell_contract_meaning_example_release_and_freshness(endpoint: Endpoint) -> None:
    endpoint.publisher.publish("cancellation_risk")
    endpoint.publisher.publish("clv")
    await endpoint.parts.refresh()
    risk, clv = (await get(endpoint, "/v1/products"))["products"]
    assert (risk["product"], risk["state"], clv["state"]) == ("cancellation_risk", "serving", "batch_only")
    assert risk["contract"]["score"]["intended_use"].startswith("Order handling")
    assert [field["name"] for field in risk["contract"]["fields"]][:2] == ["order_id", "customer_id"]
    assert risk["freshness"]["as_of"] == AS_OF.isoformat().replace("+00:00", "Z")
    assert risk["freshness"]["max_age_seconds"] == 36 * 3600
    assert (risk["freshness"]["age_seconds"], risk["freshness"]["is_stale"]) == (86_400.0, False)
    assert (risk["freshness"]["action_allowed"], risk["freshness"]["suppressed_actions"]) == (True, [])


async def test_products_tell_which_actions_a_stale_snapshot_suppresses_also_by_a_clock_set_back(
    endpoint: Endpoint,
) -> None:
    endpoint.publisher.publish("churn")
    await endpoint.parts.refresh()
    for hours in (25, -1):
        heart = replace(
            endpoint.parts.heart,
            clock=BusinessClock("live"),
            wall=partial(operator.add, AS_OF, dt.timedelta(hours=hours)),
        )
        endpoint.parts = replace(endpoint.parts, heart=heart)
        freshness = (await get(endpoint, "/v1/products/churn"))["freshness"]
        assert (freshness["age_seconds"], freshness["is_stale"]) == (hours * 3600, True)
        assert (freshness["action_allowed"], freshness["suppressed_actions"]) == (False, ["retention_offer"])


@pytest.mark.parametrize("product", ["churn", "cancellation_risk", "parking_demand"])
async def test_the_example_request_of_a_contract_is_answered(endpoint: Endpoint, product: str) -> None:
    endpoint.publisher.publish(product)
    await endpoint.parts.refresh()
    example = (await get(endpoint, f"/v1/products/{product}"))["contract"]["example_request"]
    async with endpoint.client() as client:
        response = await client.post("/v1/predict", json=example)
    assert response.status_code == 200, response.text


async def test_a_reload_takes_the_new_release_at_once(endpoint: Endpoint) -> None:
    release = endpoint.publisher.publish("churn")
    async with endpoint.client() as client:
        response = await client.post("/v1/products/churn/reload")
    assert response.status_code == 200
    assert response.json()["release"]["release_id"] == release.release_id


async def test_metrics_count_products_releases_fallbacks_and_stages_but_no_entity(endpoint: Endpoint) -> None:
    release = endpoint.publisher.publish("churn")
    await endpoint.parts.refresh()
    async with endpoint.client() as client:
        await client.post("/v1/predict", json={"product": "churn", "entities": ["customer-77"]})
        await client.get("/nowhere")
        text = (await client.get("/metrics")).text
    labels = f'fallback="default_score",product="churn",release="{release.release_id}"'
    assert f"platform_predictions_total{{{labels}}} 1.0" in text
    assert 'platform_degraded_predictions_total{product="churn",reason="unknown_entity"} 1.0' in text
    assert 'platform_request_seconds_count{route="/v1/predict",status="200"} 1.0' in text
    assert 'platform_request_seconds_count{route="unknown",status="404"} 1.0' in text
    assert 'platform_product_request_seconds_count{outcome="answered",product="churn"} 1.0' in text
    for stage in ("validate", "access", "admission", "lookup", "queue", "fallback", "answer", "journal"):
        assert f'platform_stage_seconds_count{{product="churn",stage="{stage}"}} 1.0' in text
    assert "customer-77" not in text


async def test_an_app_without_traffic_offers_its_metrics(tmp_path_factory: pytest.TempPathFactory) -> None:
    endpoint = make_endpoint(tmp_path_factory.mktemp("home"))
    async with endpoint.client() as client:
        response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
