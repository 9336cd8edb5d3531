"""Batch prediction jobs on a real endpoint process: right to the last bit, exactly once, and safe to kill."""

import os
import signal
from pathlib import Path

import pytest

from tests.integration.job_endpoint import JobEndpoint, job_endpoint, logged, read_output, write_customers

__all__ = ["job_endpoint"]  # a fixture

KILLED_ROWS = 30_000


def predict(endpoint: JobEndpoint, keys: list[str]) -> list[dict[str, object]]:
    with endpoint.client as client:
        response = client.post("/v1/predict", json={"product": "churn", "entities": keys})
    assert response.status_code == 200, response.text
    answers: list[dict[str, object]] = response.json()["predictions"]
    return answers


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_the_scores_of_a_job_equal_those_of_single_requests_bit_for_bit(job_endpoint: JobEndpoint, suffix: str) -> None:
    keys = write_customers(job_endpoint.exchange / f"rows.{suffix}", 1500)
    job = job_endpoint.accept(f"rows.{suffix}", f"out.{suffix}", batch_size=500)
    done = job_endpoint.finished(job["job_id"])
    assert (done["status"], done["error"]) == ("succeeded", None)
    rows = read_output(job_endpoint.exchange / f"out.{suffix}")
    answers = predict(job_endpoint, keys[:1000]) + predict(job_endpoint, keys[1000:])
    assert [row["customer_id"] for row in rows] == keys
    assert [float(row["score"]).hex() for row in rows] == [float(str(each["score"])).hex() for each in answers]
    for name in ("label", "release_id", "fallback", "feature_version"):
        assert [str(row[name]) for row in rows] == [str(answer[name]) for answer in answers]
