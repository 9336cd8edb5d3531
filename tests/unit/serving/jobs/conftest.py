"""Jobs in a directory of the test's own, without an endpoint around them."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from platform_assets.serving.jobs.record import JobRecord, JobSpec, JobState
from platform_assets.serving.row_schema import RowSchema
from tests.unit.serving.conftest import WALL, product_named

JOB_ID = "00000000-0000-4000-8000-000000000001"


def spec_for(directory: Path, **changes: object) -> JobSpec:
    """Return the spec of a job on files in a directory."""
    spec = JobSpec(
        job_id=JOB_ID,
        product="churn",
        release_id="r1",
        model_version=1,
        input_uri="rows.csv",
        output_uri="out.csv",
        input_path=str(directory / "rows.csv"),
        output_path=str(directory / "out.csv"),
        batch_size=1000,
        event_at=None,
        created_at=WALL,
        request_digest="d",
    )
    return msgspec.structs.replace(spec, **changes)


def numbered(directory: Path, number: int) -> JobSpec:
    """Return the spec of one of many jobs, each a minute younger than the one before."""
    return spec_for(
        directory,
        job_id=f"00000000-0000-4000-8000-{number:012}",
        output_path=str(directory / f"out-{number}.csv"),
        created_at=WALL + dt.timedelta(minutes=number),
    )


@pytest.fixture
def record(tmp_path: Path) -> JobRecord:
    """Give a job that waits for its first start."""
    made = JobRecord(tmp_path / "job", fsync=False)
    made.directory.mkdir()
    made.write_spec(spec_for(tmp_path))
    made.write_state(JobState())
    return made


@pytest.fixture
def schema() -> RowSchema:
    """Give a product with fields of several types."""
    return RowSchema.of(product_named("cancellation_risk"))
