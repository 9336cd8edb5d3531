"""A view that is offline only, served by its last snapshot: consumers see it, and its own age limit holds."""

import datetime as dt

import msgspec
import pytest

from platform_assets.contract.compile import compile_product
from platform_assets.contract.online import Approximation
from platform_assets.online.layout import build_manifest
from tests.unit.serving.conftest import AS_OF, Endpoint, feature_layout, product_named

pytestmark = pytest.mark.anyio
WHY = "these values move by less than a percent in a month"
HOURS = 40 * 24


@pytest.fixture
async def approximated(endpoint: Endpoint) -> Endpoint:
    declared = product_named("churn")
    assert declared.online is not None
    online = msgspec.structs.replace(declared.online, approximations=(Approximation(view="customer_orders", why=WHY),))
    views = [msgspec.structs.replace(view, max_age_seconds=HOURS * 3600.0) for view in feature_layout(declared).views]
    files = {
        "product.json": compile_product(msgspec.structs.replace(declared, online=online)),
        "features.json": msgspec.json.encode(build_manifest("churn_v1", views)),
    }
    endpoint.publisher.publish("churn", files=files)
    await endpoint.parts.refresh()
    endpoint.features.rows = {"13085": 1.0}
    return endpoint


async def test_consumers_see_the_approximation_and_its_justification(approximated: Endpoint) -> None:
    async with approximated.client() as client:
        told = (await client.get("/v1/products/churn")).json()
    stated = {"view": "customer_orders", "why": WHY, "by": "last_snapshot"}
    assert told["contract"]["online"]["approximations"] == [stated]
    assert told["freshness"]["max_age_seconds"] == HOURS * 3600


@pytest.mark.parametrize(("days", "is_stale"), [(39, False), (41, True)])
async def test_an_approximated_view_is_stale_by_its_own_limit_alone(
    approximated: Endpoint, days: int, *, is_stale: bool
) -> None:
    approximated.features.event_at = AS_OF - dt.timedelta(days=days)
    async with approximated.client() as client:
        answer = (await client.post("/v1/predict", json={"product": "churn", "entities": ["13085"]})).json()
    (row,) = answer["predictions"]
    assert (row["is_stale"], row["action_allowed"]) == (is_stale, not is_stale)
