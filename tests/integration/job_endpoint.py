"""A real endpoint process with batch prediction jobs, on a real online store: what the tests of jobs share."""

import csv
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from platform_assets.contract.names import PREDICTION_STREAM
from platform_assets.contract.prediction_log import PredictionLogEntry, decode_entry
from platform_assets.online.connection import connect
from platform_assets.online.snapshot_copy import KeySetTable
from platform_assets.online.snapshot_writer import publish_snapshot
from platform_assets.online.stream import read_batch
from platform_assets.settings import PROJECT_ROOT, Settings
from tests.conftest import free_port, stop
from tests.unit.serving.conftest import AS_OF, Publisher, feature_layout, product_named

SECONDS = 90
Job = dict[str, Any]


@dataclass
class JobEndpoint:
    """An endpoint that a test starts, kills and starts again on one home."""

    settings: Settings
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def exchange(self) -> Path:
        return self.settings.exchange_dir

    @property
    def client(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30.0)

    def start(self) -> None:
        environment = {
            **os.environ,
            "PLATFORM_HOME": str(self.settings.home),
            "PLATFORM_ENDPOINT_PORT": str(self.port),
            "PLATFORM_FSYNC": "off",
            "REDIS_URL": self.settings.online_url,
        }
        command = [sys.executable, "-m", "platform_assets.serving.run"]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, cwd=PROJECT_ROOT, stdout=log, stderr=log)
        wait_until(self.is_alive, self.log_path)

    def is_alive(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log_path.read_text()
        try:
            with self.client as client:
                return client.get("/livez").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=30)

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process)

    @property
    def log_path(self) -> Path:
        return self.settings.home / "endpoint.log"

    def submit(self, source: str, target: str, *, key: str | None = None, batch_size: int = 1000) -> httpx.Response:
        sent = {"model": "churn", "input_uri": source, "output_uri": target, "batch_size": batch_size}
        with self.client as client:
            return client.post("/v1/batch_predict", json=sent, headers={"Idempotency-Key": key} if key else {})

    def accept(self, source: str, target: str, batch_size: int = 1000) -> Job:
        response = self.submit(source, target, batch_size=batch_size)
        assert response.status_code == 202, response.text
        job: Job = response.json()
        assert response.headers["Location"] == f"/v1/jobs/{job['job_id']}"
        return job

    def job(self, job_id: str) -> Job:
        with self.client as client:
            response = client.get(f"/v1/jobs/{job_id}")
        assert response.status_code == 200, response.text
        job: Job = response.json()
        return job

    def cancel(self, job_id: str) -> Job:
        with self.client as client:
            response = client.post(f"/v1/jobs/{job_id}/cancel")
        assert response.status_code == 200, response.text
        job: Job = response.json()
        return job

    def finished(self, job_id: str) -> Job:
        wait_until(lambda: self.job(job_id)["finished_at"] is not None, self.worker_log(job_id))
        return self.job(job_id)

    def begun(self, job_id: str, *, after: int = 0) -> Job:
        """Return the job once more than `after` of its rows are committed and some are not."""
        wait_until(lambda: self.job(job_id)["rows_done"] > after, self.worker_log(job_id))
        job = self.job(job_id)
        assert job["status"] == "running", job
        return job

    def worker_log(self, job_id: str) -> Path:
        return self.settings.jobs_dir / job_id / "worker.log"

    def worker_pid(self, job_id: str) -> int:
        """Return the process that works on a job, found by its own arguments below this endpoint."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        (pid,) = [pid for pid in children if job_id in Path(f"/proc/{pid}/cmdline").read_text()]
        return int(pid)


@pytest.fixture
def job_endpoint(online_store: Settings) -> Iterator[JobEndpoint]:
    with served(online_store) as endpoint:
        yield endpoint


@contextmanager
def served(settings: Settings) -> Iterator[JobEndpoint]:
    """Serve a released product with stored features of ten customers."""
    Publisher(settings.home).publish("churn")
    publish_customers(settings)
    endpoint = JobEndpoint(settings)
    endpoint.start()
    try:
        yield endpoint
    finally:
        endpoint.stop()


def publish_customers(settings: Settings) -> None:
    """Publish different stored features for the customers "0" to "9"."""
    layout = feature_layout(product_named("churn"))
    key_set = layout.key_sets[0]
    rows = KeySetTable(
        key_columns=[[str(number) for number in range(10)]],
        event_times=np.full((10, len(key_set.views)), AS_OF.timestamp()),
        values=np.random.default_rng(3).normal(size=(10, len(key_set.columns))),
    )
    with connect(settings.online_url) as client:
        publish_snapshot(client, layout, [rows], as_of=AS_OF.timestamp(), snapshot_id="snap", settings=settings)


def wait_until(is_so: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if is_so():
            return
        time.sleep(0.02)
    pytest.fail(f"it did not happen in {SECONDS} s:\n{log.read_text() if log.exists() else 'no log'}")


def write_customers(path: Path, count: int) -> list[str]:
    """Write that many rows, each with a key of its own; every tenth is of a known customer."""
    keys = [str(number // 10) if number % 10 == 0 and number < 100 else f"new-{number}" for number in range(count)]
    if path.suffix == ".parquet":
        pq.write_table(pa.table({"customer_id": keys}), path, row_group_size=700)
    else:
        path.write_text("customer_id\n" + "".join(f"{key}\n" for key in keys))
    return keys


def read_output(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return rows
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def logged(settings: Settings) -> list[PredictionLogEntry]:
    """Return everything in the prediction log's stream."""
    with connect(settings.online_url) as client:
        return [decode_entry(content) for _, content in read_batch(client, PREDICTION_STREAM, "0-0", 1_000_000)]
