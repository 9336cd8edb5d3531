"""Batch prediction jobs on a real endpoint process: right to the last bit, exactly once, and safe to kill."""

import time
from pathlib import Path

import pytest

from tests.conftest import kill
from tests.integration.job_endpoint import (
    JobEndpoint,
    job_endpoint,
    logged,
    read_output,
    wait_until,
    write_customers,
)
from tests.unit.serving.conftest import Publisher

__all__ = ["job_endpoint"]  # a fixture

KILLED_ROWS = 30_000  # some seconds of work, so that a kill comes in the middle


def predict(endpoint: JobEndpoint, keys: list[str]) -> list[dict[str, object]]:
    """Return the answers of the endpoint, asked again where a busy machine could not read the store in time."""
    with endpoint.client as client:
        for _ in range(50):
            response = client.post("/v1/predict", json={"product": "churn", "entities": keys})
            assert response.status_code == 200, response.text
            answers: list[dict[str, object]] = response.json()["predictions"]
            if all(answer["reason"] != "online_store_unavailable" for answer in answers):
                return answers
            time.sleep(0.1)
    pytest.fail("the endpoint cannot read the online store")


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_the_scores_of_a_job_equal_those_of_single_requests_bit_for_bit(job_endpoint: JobEndpoint, suffix: str) -> None:
    keys = write_customers(job_endpoint.exchange / f"rows.{suffix}", 1500)
    job = job_endpoint.accept(f"rows.{suffix}", f"out.{suffix}", batch_size=500)
    done = job_endpoint.finished(job["job_id"])
    assert (done["status"], done["error"]) == ("succeeded", None)
    assert job_endpoint.worker_log(job["job_id"]).read_text() == ""
    rows = read_output(job_endpoint.exchange / f"out.{suffix}")
    answers = [answer for start in range(0, 1500, 100) for answer in predict(job_endpoint, keys[start : start + 100])]
    assert [row["customer_id"] for row in rows] == keys
    assert [float(row["score"]).hex() for row in rows] == [float(str(each["score"])).hex() for each in answers]
    for name in ("label", "release_id", "fallback", "feature_version"):
        assert [str(row[name]) for row in rows] == [str(answer[name]) for answer in answers]


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_job_whose_worker_is_killed_writes_and_logs_every_row_exactly_once(
    job_endpoint: JobEndpoint, suffix: str
) -> None:
    keys = write_customers(job_endpoint.exchange / f"rows.{suffix}", KILLED_ROWS)
    job_id = job_endpoint.accept(f"rows.{suffix}", f"out.{suffix}")["job_id"]
    before = 0
    for _ in range(2):
        job_endpoint.begun(job_id, after=before)
        kill(job_endpoint.worker_pid(job_id))
        before = job_endpoint.job(job_id)["rows_done"]  # a chunk may have been committed just before the kill
    done = job_endpoint.finished(job_id)
    assert 0 < before < KILLED_ROWS
    assert (done["status"], done["rows_done"], done["rows_failed"]) == ("succeeded", KILLED_ROWS, 0)
    assert_exactly_once(job_endpoint, read_output(job_endpoint.exchange / f"out.{suffix}"), keys)


def test_a_killed_endpoint_goes_on_with_its_job_from_the_last_committed_chunk(job_endpoint: JobEndpoint) -> None:
    keys = write_customers(job_endpoint.exchange / "rows.csv", KILLED_ROWS)
    job_id = job_endpoint.accept("rows.csv", "out.csv")["job_id"]
    before = job_endpoint.begun(job_id)["rows_done"]
    worker = job_endpoint.worker_pid(job_id)
    job_endpoint.kill()
    wait_until(lambda: not Path(f"/proc/{worker}").exists(), job_endpoint.log_path)  # it ends with its endpoint
    job_endpoint.start()
    assert before <= job_endpoint.job(job_id)["rows_done"] < KILLED_ROWS
    done = job_endpoint.finished(job_id)
    assert (done["status"], done["rows_done"]) == ("succeeded", KILLED_ROWS)
    assert_exactly_once(job_endpoint, read_output(job_endpoint.exchange / "out.csv"), keys)


def test_a_cancelled_job_stops_between_chunks_and_leaves_no_file(job_endpoint: JobEndpoint) -> None:
    write_customers(job_endpoint.exchange / "rows.csv", KILLED_ROWS)
    job_id = job_endpoint.accept("rows.csv", "out.csv")["job_id"]
    job_endpoint.begun(job_id)
    assert job_endpoint.cancel(job_id)["status"] in {"cancelling", "cancelled"}
    done = job_endpoint.finished(job_id)
    assert (done["status"], job_endpoint.cancel(job_id)["status"]) == ("cancelled", "cancelled")
    assert 0 < done["rows_done"] < KILLED_ROWS
    assert sorted(path.name for path in job_endpoint.exchange.iterdir()) == ["rows.csv"]


def test_a_job_that_waits_behind_another_is_cancelled_at_once(job_endpoint: JobEndpoint) -> None:
    write_customers(job_endpoint.exchange / "rows.csv", KILLED_ROWS)
    first = job_endpoint.accept("rows.csv", "first.csv")["job_id"]
    job_endpoint.begun(first)
    second = job_endpoint.accept("rows.csv", "second.csv")["job_id"]
    assert job_endpoint.job(second)["status"] == "queued"
    assert job_endpoint.cancel(second)["status"] == "cancelled"
    job_endpoint.cancel(first)
    with job_endpoint.client as client:
        listed = client.get("/v1/jobs", params={"limit": 1}).json()
    assert ([job["job_id"] for job in listed["jobs"]], listed["total"]) == ([second], 2)


def test_wrong_rows_are_told_one_by_one_and_the_others_are_scored(job_endpoint: JobEndpoint) -> None:
    rows = [b"3", b"", b"a,b", b"\xff", b"x" * 300, b'"two\nlines"', b"5"]
    (job_endpoint.exchange / "rows.csv").write_bytes(
        b"customer_id,order_count\n" + b"".join(row + b",\n" for row in rows)
    )
    done = job_endpoint.finished(job_endpoint.accept("rows.csv", "out.parquet")["job_id"])
    output = read_output(job_endpoint.exchange / "out.parquet")
    assert (done["status"], done["rows_done"], done["rows_failed"]) == ("succeeded", 7, 4)
    assert [row["customer_id"] for row in output][:3] == ["3", None, "a"]
    assert [row["error"] is None for row in output] == [True, False, False, False, False, True, True]
    assert [row["score"] is None for row in output] == [False, True, True, True, True, False, False]
    assert [row["error"] for row in output][2:4] == ["3 cells where the header has 2", "bytes that are no UTF-8"]


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_an_input_without_rows_ends_in_an_output_without_rows(job_endpoint: JobEndpoint, suffix: str) -> None:
    write_customers(job_endpoint.exchange / f"rows.{suffix}", 0)
    done = job_endpoint.finished(job_endpoint.accept(f"rows.{suffix}", f"out.{suffix}")["job_id"])
    assert (done["status"], done["progress"], done["rows_total"]) == ("succeeded", "100%", 0)
    assert read_output(job_endpoint.exchange / f"out.{suffix}") == []


def test_a_file_that_is_not_of_the_product_fails_the_job_with_its_reason(job_endpoint: JobEndpoint) -> None:
    (job_endpoint.exchange / "rows.csv").write_text("order_count\n3\n")
    done = job_endpoint.finished(job_endpoint.accept("rows.csv", "out.csv")["job_id"])
    assert (done["status"], done["error"]["code"]) == ("failed", "job_input")
    assert "column(s) missing: 'customer_id'" in done["error"]["detail"]
    assert not (job_endpoint.exchange / "out.csv").exists()


def test_a_repeated_post_with_one_key_is_one_job_even_after_its_end(job_endpoint: JobEndpoint) -> None:
    write_customers(job_endpoint.exchange / "rows.csv", 10)
    first = job_endpoint.submit("rows.csv", "out.csv", key="night-1")
    second = job_endpoint.submit("rows.csv", "out.csv", key="night-1")
    job_endpoint.finished(first.json()["job_id"])
    third = job_endpoint.submit("rows.csv", "out.csv", key="night-1")
    assert [each.status_code for each in (first, second, third)] == [202, 202, 202]
    assert len({each.json()["job_id"] for each in (first, second, third)}) == 1
    other = job_endpoint.submit("rows.csv", "other.csv", key="night-1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(logged(job_endpoint.settings)) == 10


def test_a_job_is_answered_by_the_release_of_its_submission(job_endpoint: JobEndpoint) -> None:
    write_customers(job_endpoint.exchange / "rows.csv", KILLED_ROWS)
    first = job_endpoint.accept("rows.csv", "first.csv")
    job_endpoint.begun(first["job_id"])
    second = job_endpoint.accept("rows.csv", "second.csv")
    Publisher(job_endpoint.settings.home).publish("churn", model_version=2, constant=0.75)
    done = job_endpoint.finished(second["job_id"])
    rows = read_output(job_endpoint.exchange / "second.csv")
    assert done["release_id"] == second["release_id"]
    assert {(row["release_id"], row["model_version"]) for row in rows} == {(second["release_id"], "1")}


def assert_exactly_once(endpoint: JobEndpoint, rows: list[dict[str, object]], keys: list[str]) -> None:
    """Every input row has one output row in its place, and the log holds the same predictions under the same ids."""
    assert [row["customer_id"] for row in rows] == keys
    ids = [row["prediction_id"] for row in rows]
    assert len(set(ids)) == len(ids)
    entries = {entry.prediction_id: entry for entry in logged(endpoint.settings)}
    assert set(entries) == set(ids)
    assert [entries[str(row["prediction_id"])].entity_id for row in rows] == keys
