"""Batch and online give the same entity at the same instant the same score, to the last bit."""

import datetime as dt
from collections.abc import Iterator

import httpx
import pytest

from platform_assets.batch.online_publication import publish_online
from platform_assets.batch.published_view import read_published, read_published_inputs
from platform_assets.clock import wall_now
from platform_assets.commands.demo_predictions import request_rows
from platform_assets.contract.product import Product
from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.settings import Settings
from tests.story.sample_platform import sample_products

ROWS = 40
ONLINE = {product.name: product for product in sample_products() if product.online is not None}
# The instant whose stored features the batch of the sample has used.
FEATURES_AS_OF = {
    "churn": dt.datetime(2011, 12, 10, tzinfo=dt.UTC),
    "cancellation_risk": dt.datetime(2011, 12, 9, tzinfo=dt.UTC),
    "parking_demand": dt.datetime(2016, 12, 19, tzinfo=dt.UTC),
}


@pytest.fixture
def _snapshots_of_the_batch(settings: Settings) -> Iterator[None]:
    ledger = open_ledger(settings.ledger_dsn)
    facts = RunFacts(run_id="parity", at=wall_now(), code_version="test")
    for name, product in ONLINE.items():
        publish_online(settings, ledger, product, facts, as_of=FEATURES_AS_OF[name])
    yield
    for product in ONLINE.values():
        publish_online(settings, ledger, product, facts)


@pytest.mark.usefixtures("_snapshots_of_the_batch")
@pytest.mark.parametrize("product", ONLINE.values(), ids=ONLINE.keys())
def test_batch_and_http_scores_are_equal_to_the_last_bit(settings: Settings, product: Product) -> None:
    inputs = read_published_inputs(settings, product).slice(0, ROWS)
    batch = read_published(settings, product)
    expected = dict(zip(batch.column("row_key").to_pylist(), batch.column("score").to_pylist(), strict=True))
    keys = batch.column("row_key").to_pylist()[: inputs.num_rows]
    instants = inputs.column("event_at").to_pylist()

    with httpx.Client(base_url=f"http://127.0.0.1:{settings.endpoint_port}", timeout=10.0) as client:
        answers = [
            _predict(client, product, row, instant)
            for row, instant in zip(request_rows(product, inputs), instants, strict=True)
        ]

    assert [answer["fallback"] for answer in answers] == ["none"] * len(answers)
    assert [answer["score"] for answer in answers] == [expected[key] for key in keys]


def _predict(client: httpx.Client, product: Product, row: dict[str, object], instant: dt.datetime) -> dict[str, object]:
    """Return the answer of the model; the store of a busy machine may miss its budget a few times."""
    body = {"product": product.name, "rows": [row], "event_at": instant.isoformat()}
    for _ in range(10):
        response = client.post("/v1/predict", json=body)
        assert response.status_code == 200, response.text
        answer: dict[str, object] = response.json()["predictions"][0]
        if answer["reason"] != "online_store_unavailable":
            break
    return answer
