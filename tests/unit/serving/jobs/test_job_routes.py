"""The routes of jobs without a runner: what is accepted, what is refused and what a caller is told."""

import datetime as dt
import json
from pathlib import Path

import httpx
import pytest

from platform_assets.clock import ClockMode
from platform_assets.serving.jobs.limits import MAX_UNFINISHED_JOBS
from platform_assets.settings import Settings
from tests.unit.serving.conftest import WALL, make_endpoint

pytestmark = pytest.mark.anyio

BODY = {"model": "churn", "input_uri": "rows.csv", "output_uri": "out.csv"}


async def client_over(home: Path, mode: ClockMode = "replay") -> httpx.AsyncClient:
    endpoint = make_endpoint(home, mode)
    endpoint.publisher.publish("churn")
    exchange = Settings(home=home).exchange_dir
    exchange.mkdir()
    (exchange / "rows.csv").write_text("customer_id\n1\n")
    await endpoint.parts.refresh()
    return endpoint.client()


async def post(client: httpx.AsyncClient, key: str | None = None, **changes: object) -> httpx.Response:
    headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key is not None else {})}
    content = json.dumps({**BODY, **changes})  # unlike httpx, it escapes what is no character
    return await client.post("/v1/batch_predict", content=content, headers=headers)


async def test_a_job_is_accepted_as_documented_and_found_at_its_address(tmp_path: Path) -> None:
    async with await client_over(tmp_path) as client:
        accepted = await post(client)
        job = accepted.json()
        assert accepted.status_code == 202
        assert {"job_id", "status", "progress", "eta_seconds"} <= job.keys()
        assert (job["status"], job["progress"], job["progress_ratio"], job["batch_size"]) == ("queued", "0%", 0.0, 1000)
        assert (await client.get(accepted.headers["Location"])).json() == job
        assert (await client.get("/v1/jobs")).json() == {"jobs": [job], "total": 1}


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"input_uri": "http://127.0.0.1/rows.csv"}, 422, "path_refused"),
        ({"input_uri": "s3://data/rows.csv"}, 422, "path_refused"),
        ({"input_uri": "../rows.csv"}, 422, "path_refused"),
        ({"input_uri": "/etc/passwd.csv"}, 422, "path_refused"),
        ({"input_uri": "rows.csv\0"}, 422, "path_refused"),
        ({"input_uri": "\ud800.csv"}, 400, "unreadable_body"),
        ({"input_uri": ""}, 422, "malformed_request"),
        ({"input_uri": "x" * 2000}, 422, "malformed_request"),
        ({"output_uri": "rows.csv"}, 409, "output_exists"),
        ({"output_uri": "file://host/out.csv"}, 422, "path_refused"),
        ({"batch_size": 0}, 422, "malformed_request"),
        ({"batch_size": 100_001}, 422, "malformed_request"),
        ({"batch_size": 1.5}, 422, "malformed_request"),
        ({"event_at": "yesterday"}, 422, "malformed_request"),
        ({"product": "churn"}, 422, "malformed_request"),
        ({"model": None}, 422, "malformed_request"),
        ({"model": "unheard_of"}, 404, "unknown_product"),
        ({"surprise": 1}, 422, "malformed_request"),
    ],
)
async def test_every_refusal_is_a_documented_problem_and_makes_no_job(
    tmp_path: Path, changes: dict[str, object], status: int, code: str
) -> None:
    async with await client_over(tmp_path) as client:
        refused = await post(client, None, **changes)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert (await client.get("/v1/jobs")).json()["total"] == 0


async def test_one_key_is_one_job_and_another_request_under_it_is_refused(tmp_path: Path) -> None:
    async with await client_over(tmp_path) as client:
        first, second = await post(client, key="a"), await post(client, key="a")
        other = await post(client, key="a", batch_size=2000)
        bad = await post(client, key="two words")
        assert first.json()["job_id"] == second.json()["job_id"]
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
        assert (bad.status_code, bad.json()["code"]) == (422, "malformed_request")


async def test_a_job_too_many_may_be_tried_again_later(tmp_path: Path) -> None:
    async with await client_over(tmp_path) as client:
        for number in range(MAX_UNFINISHED_JOBS):
            assert (await post(client, output_uri=f"out-{number}.csv")).status_code == 202
        refused = await post(client, output_uri="one-more.csv")
        assert (refused.status_code, refused.json()["retryable"]) == (429, True)
        assert int(refused.headers["Retry-After"]) >= 1


async def test_two_unfinished_jobs_cannot_name_one_output(tmp_path: Path) -> None:
    async with await client_over(tmp_path) as client:
        job_id = (await post(client)).json()["job_id"]
        assert (await post(client)).status_code == 409
        assert (await client.post(f"/v1/jobs/{job_id}/cancel")).json()["status"] == "cancelled"
        assert (await client.post(f"/v1/jobs/{job_id}/cancel")).json()["status"] == "cancelled"
        assert (await post(client)).status_code == 202


@pytest.mark.parametrize("job_id", ["x", "..", "00000000-0000-4000-8000-000000000009", "%2e%2e%2fjobs", "%00"])
async def test_a_job_that_nobody_made_is_unknown(tmp_path: Path, job_id: str) -> None:
    async with await client_over(tmp_path) as client:
        for answer in (await client.get(f"/v1/jobs/{job_id}"), await client.post(f"/v1/jobs/{job_id}/cancel")):
            assert answer.status_code in {404, 405}


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "", "1e2", "٣"])
async def test_a_limit_that_is_none_is_refused(tmp_path: Path, limit: str) -> None:
    async with await client_over(tmp_path) as client:
        assert (await client.get("/v1/jobs", params={"limit": limit})).status_code == 422


async def test_in_live_mode_all_rows_of_a_job_stand_for_the_instant_of_its_submission(tmp_path: Path) -> None:
    async with await client_over(tmp_path, "live") as client:
        assert dt.datetime.fromisoformat((await post(client)).json()["event_at"]) == WALL
        chosen = await post(client, output_uri="other.csv", event_at="2011-12-01")
        assert chosen.json()["event_at"] == "2011-12-01"
