"""GET /v1/products/{name}/published: the rows of one batch as they lie there, with what may be done with them."""

import asyncio
import datetime as dt
import io
import json
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from platform_assets.clock import BusinessClock
from platform_assets.contract.ages import Stamps
from platform_assets.published.arrow_file import remove_arrow_files
from platform_assets.published.rows import write_published_file
from platform_assets.published.status import PublishedBatch, status_of, write_status
from platform_assets.serving.published.batches import Offer, PublishedBatches
from tests.unit.contract.contract_samples import second_version
from tests.unit.serving.conftest import AS_OF, WALL, product_named
from tests.unit.serving.gate.conftest import CONSUMER, Guarded

pytestmark = pytest.mark.anyio

PATH = "/v1/products/clv/published"
ROWS = pa.table({"customer_id": ["13085", "13086"], "score": [10.5, 0.25], "is_valid": [True, False]})


def publish(
    guarded: Guarded, *, digest: str = "a" * 64, version: int = 1, rows: pa.Table = ROWS, name: str = "clv"
) -> None:
    settings, product = guarded.guard.settings, product_named(name)
    batch = PublishedBatch(
        product=name,
        release_id="0123456789abcdef",
        model_version=3,
        revision=1,
        batch_digest=digest,
        stamps=Stamps(as_of=AS_OF, published_at=AS_OF + dt.timedelta(hours=1)),
        output_version=version,
    )
    write_published_file(settings, product, rows, batch)
    write_status(settings, status_of(product, batch, BusinessClock("replay"), WALL))
    remove_arrow_files(settings, name, but=digest)


async def test_a_consumer_reads_the_published_rows_as_arrow_with_their_age_beside_them(guarded: Guarded) -> None:
    publish(guarded)
    async with guarded.client(CONSUMER) as client:
        answer = await client.get(PATH)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/vnd.apache.arrow.file")
    table = pa.ipc.open_file(io.BytesIO(answer.content)).read_all()
    assert table.select(ROWS.column_names).equals(ROWS)
    told = {name: answer.headers[f"x-{name}"] for name in ("release-id", "output-version", "as-of", "is-stale")}
    assert told == {
        "release-id": "0123456789abcdef",
        "output-version": "1",
        "as-of": "2011-12-09T00:00:00Z",
        "is-stale": "false",
    }
    assert (answer.headers["x-action-allowed"], answer.headers["x-age-seconds"]) == ("true", "86400")
    (access,) = guarded.accesses()
    assert (access.output, access.version, access.is_allowed) == ("clv/published_predictions", "1", True)


async def test_parts_of_the_file_are_given_and_a_known_batch_is_not_sent_again(guarded: Guarded) -> None:
    publish(guarded)
    async with guarded.client(CONSUMER) as client:
        whole = await client.get(PATH)
        part = await client.get(PATH, headers={"Range": "bytes=8-23"})
        beyond = await client.get(PATH, headers={"Range": "bytes=99999999-"})
        known = await client.get(PATH, headers={"If-None-Match": whole.headers["etag"]})
        publish(guarded, digest="b" * 64)
        other = await client.get(PATH, headers={"If-None-Match": whole.headers["etag"]})
    assert (part.status_code, part.content) == (206, whole.content[8:24])
    assert beyond.status_code == 416
    assert (known.status_code, known.content) == (304, b"")
    assert (other.status_code, other.headers["etag"]) == (200, f'"{"b" * 64}"')


async def test_a_batch_in_a_version_that_is_not_granted_is_refused(guarded: Guarded) -> None:
    publish(guarded, version=2)
    async with guarded.client(CONSUMER) as client, guarded.client("auditor") as auditor:
        answer = await client.get(PATH)
        assert "version 2 of clv/published_predictions is not granted; granted: 1" in answer.json()["detail"]
        assert (await auditor.get(PATH)).status_code == 403
    assert answer.status_code == 403


async def test_a_batch_of_another_version_that_is_published_after_the_decision_is_decided_again(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(guarded)
    really = PublishedBatches.offer

    def offer(batches: PublishedBatches, product: str) -> Offer:
        publish(guarded, digest="b" * 64, version=2)
        return really(batches, product)

    monkeypatch.setattr(PublishedBatches, "offer", offer)
    async with guarded.client(CONSUMER) as client:
        answer = await client.get(PATH)
    assert (answer.status_code, answer.json()["code"]) == (403, "access_denied")
    told = [(access.version, access.is_allowed) for access in guarded.accesses()]
    assert told == [("1", True), ("2", False)]


async def test_last_predictions_are_decided_by_the_version_in_force_and_not_by_that_of_the_file(
    guarded: Guarded,
) -> None:
    publish(guarded, name="churn", version=2)
    async with guarded.client("auditor") as auditor:
        answer = await auditor.get("/v1/predictions/churn?entity_id=1")
        assert (answer.status_code, answer.json()["missing"]) == (200, [{"customer_id": "1"}])
        second = second_version(product_named("churn"))
        guarded.endpoint.publisher.publish("churn", model_version=2, product=second)
        await guarded.endpoint.parts.refresh()
        publish(guarded, name="churn", version=1)
        refused = await auditor.get("/v1/predictions/churn?entity_id=1")
    assert (refused.status_code, refused.json()["code"]) == (403, "access_denied")
    assert [access.version for access in guarded.accesses()] == ["1", "2"]


@pytest.mark.parametrize("name", ["clv", "..", "%2e%2e%2f%2e%2e%2faccess", "clv%00", "clv.status", "x" * 300])
async def test_what_is_not_published_or_leads_elsewhere_gives_no_file(guarded: Guarded, name: str) -> None:
    (guarded.guard.settings.home / "secret.status.json").write_text("{}")
    async with guarded.client("admin") as client:
        answer = await client.get(f"/v1/products/{name}/published")
    assert answer.status_code in {403, 404}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_in_live_mode_a_batch_gets_stale_without_anybody_writing(guarded: Guarded) -> None:
    publish(guarded)
    now = [AS_OF + dt.timedelta(hours=2)]
    live = replace(guarded.guard.settings, clock_mode="live")
    parts = guarded.endpoint.parts
    guarded.endpoint.parts = replace(parts, published=PublishedBatches(live, lambda: now[0]))
    async with guarded.client(CONSUMER) as client:
        fresh = await client.get(PATH)
        now[0] += dt.timedelta(days=400)
        stale = await client.get(PATH)
    flags = [(each.headers["x-is-stale"], each.headers["x-action-allowed"]) for each in (fresh, stale)]
    assert flags == [("false", "true"), ("true", "false")]


async def test_who_reads_while_batches_are_published_gets_one_whole_batch_each_time(guarded: Guarded) -> None:
    batches = [
        (f"{number:x}" * 64, pa.table({"score": [float(number)] * 2000, "is_valid": [True] * 2000}))
        for number in range(12)
    ]
    publish(guarded, digest=batches[0][0], rows=batches[0][1])
    reads: list[tuple[str, Any]] = []

    async def read() -> None:
        async with guarded.client(CONSUMER) as client:
            while len(reads) < 40:
                answer = await client.get(PATH)
                if answer.status_code == 200:
                    scores = pa.ipc.open_file(io.BytesIO(answer.content)).read_all().column("score").to_pylist()
                    reads.append((json.loads(answer.headers["etag"]), set(scores)))

    reader = asyncio.create_task(read())
    for digest, rows in batches:
        await asyncio.to_thread(publish, guarded, digest=digest, rows=rows)
    await reader
    assert {(digest, *scores) for digest, scores in reads} <= {
        (digest, float(number)) for number, (digest, _) in enumerate(batches)
    }
