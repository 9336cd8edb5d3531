"""The last published batch predictions from a real online store, and from the endpoint's own copy when it is lost."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from platform_assets.online.connection import connect
from platform_assets.online.reader import OnlineReader
from platform_assets.online.server import start_embedded, stop_embedded
from platform_assets.settings import Settings
from tests.conftest import free_port
from tests.integration.test_endpoint_online_store import over, publish_batch
from tests.unit.serving.conftest import Endpoint

pytestmark = pytest.mark.anyio

PATH = "/v1/predictions/churn"
BOTH = {"entity_id": ["13085", "99999"]}


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def endpoint(online_store: Settings) -> AsyncIterator[Endpoint]:
    async with OnlineReader(online_store.online_url, timeout_s=1.0) as reader:
        endpoint = over(reader, online_store)
        endpoint.publisher.publish("churn")
        await endpoint.parts.refresh()
        yield endpoint


async def test_the_online_store_gives_the_published_scores_and_what_it_lacks_is_missing(
    endpoint: Endpoint, online_store: Settings
) -> None:
    with connect(online_store.online_url) as store:
        publish_batch(store, online_store)
    async with endpoint.client() as client:
        answer = (await client.get(PATH, params=BOTH)).json()
    assert answer["source"] == "online_store"
    assert [(row["entity_id"], row["score"], row["model_version"]) for row in answer["predictions"]] == [
        ("13085", 0.31, 7)
    ]
    assert answer["missing"] == [{"customer_id": "99999"}]


async def test_a_batch_that_was_never_published_is_an_error_and_not_a_list_of_missing_entities(
    endpoint: Endpoint,
) -> None:
    async with endpoint.client() as client:
        response = await client.get(PATH, params=BOTH)
    assert (response.status_code, response.json()["code"]) == (503, "last_batch_unavailable")
    assert "(snapshot_missing)" in response.json()["detail"]
    assert response.headers["retry-after"]


async def test_a_flushed_store_is_answered_from_the_copy_and_says_so(
    endpoint: Endpoint, online_store: Settings
) -> None:
    with connect(online_store.online_url) as store:
        publish_batch(store, online_store)
        await endpoint.parts.refresh()
        store.flushall()
    async with endpoint.client() as client:
        answer = (await client.get(PATH, params=BOTH)).json()
    assert (answer["source"], answer["predictions"][0]["score"]) == ("endpoint_copy", 0.31)
    assert answer["missing"] == [{"customer_id": "99999"}]


async def test_a_lost_store_is_answered_from_the_copy_and_says_so(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, redis_port=free_port(), fsync=False)
    start_embedded(settings, die_with_parent=True)
    with connect(settings.online_url) as store:
        publish_batch(store, settings)
    stop_embedded(settings)
    async with OnlineReader(settings.online_url) as reader:
        endpoint = over(reader, settings)
        endpoint.publisher.publish("churn")
        await endpoint.parts.refresh()
        async with endpoint.client() as client:
            answer = (await client.get(PATH, params=BOTH)).json()
    assert (answer["source"], answer["predictions"][0]["score"]) == ("endpoint_copy", 0.31)


async def test_a_store_that_is_away_without_any_copy_is_an_error_that_tells_no_address(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, redis_port=free_port(), fsync=False)
    async with OnlineReader(settings.online_url) as reader:
        endpoint = over(reader, settings)
        endpoint.publisher.publish("churn")
        await endpoint.parts.refresh()
        async with endpoint.client() as client:
            response = await client.get(PATH, params=BOTH)
    assert (response.status_code, response.json()["retryable"]) == (503, True)
    assert "online_store_unavailable" in response.text
    assert str(settings.redis_port) not in response.text
