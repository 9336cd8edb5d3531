"""The last batch in the online store may be acted on exactly as long as the status of the published batch says."""

import datetime as dt

import pyarrow as pa
import pytest

from platform_assets.batch.last_batch import pack_last_batch
from platform_assets.contract.ages import Stamps
from platform_assets.contract.datasets import DATASETS
from platform_assets.online.connection import connect
from platform_assets.online.reader import OnlineReader
from platform_assets.online.snapshot_writer import publish_packed
from platform_assets.published.status import PublishedBatch, status_of
from platform_assets.settings import Settings
from tests.integration.test_endpoint_online_store import over
from tests.unit.serving.conftest import WALL, product_named

pytestmark = pytest.mark.anyio

CHURN = product_named("churn")
NOW = DATASETS[CHURN.dataset].replay_now
ROWS = pa.table(
    {
        "customer_id": ["13085"],
        "score": [0.31],
        "uncertainty": [0.02],
        "model_version": [7],
        "output_schema_version": [CHURN.score.schema_version],
    }
)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize(
    ("age_hours", "source_hours", "is_allowed"),
    [
        (24, 12, True),
        (185, 12, False),  # younger than the promise of its data, older than that of its run
        (24, 15 * 24, False),
    ],
)
async def test_readers_and_fallbacks_are_told_what_the_status_of_the_batch_says(
    online_store: Settings, *, age_hours: int, source_hours: int, is_allowed: bool
) -> None:
    as_of = NOW - dt.timedelta(hours=age_hours)
    stamps = Stamps(as_of=as_of, published_at=WALL, source_at=as_of - dt.timedelta(hours=source_hours))
    packed = pack_last_batch(CHURN, ROWS, stamps=stamps, clock=online_store.clock, snapshot_id="batch-1")
    with connect(online_store.online_url) as store:
        publish_packed(store, packed, settings=online_store)
    batch = PublishedBatch(
        product="churn", release_id="r1", model_version=7, revision=1, batch_digest="d" * 64, stamps=stamps
    )
    status = status_of(CHURN, batch, online_store.clock, WALL)
    async with OnlineReader(online_store.online_url, timeout_s=1.0) as reader:
        endpoint = over(reader, online_store)
        endpoint.publisher.publish("churn")
        await endpoint.parts.refresh()
        async with endpoint.client() as client:
            read = (await client.get("/v1/predictions/churn", params={"entity_id": "13085"})).json()
            asked = await client.post("/v1/predict", json={"product": "churn", "entities": ["13085"]})
    (last,), (answer,) = read["predictions"], asked.json()["predictions"]
    assert (last["score"], answer["score"], answer["fallback"]) == (0.31, 0.31, "last_batch")
    told = (status.action_allowed, last["action_allowed"], answer["action_allowed"])
    assert told == (is_allowed, is_allowed, is_allowed)
    assert (status.is_stale, last["is_stale"], answer["is_stale"]) == (not is_allowed,) * 3
