"""What is kept of a job on disk: small JSON files in a directory of its own, each replaced atomically.

`spec.json` never changes. `state.json` and `plan.json` are written only by who holds the lock of the directory.
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from platform_assets.inference.durable import write_file
from platform_assets.serving.jobs.limits import MIN_CHUNK_ROWS

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]
ShownStatus = Literal["queued", "running", "cancelling", "succeeded", "failed", "cancelled"]
FINISHED: frozenset[Status] = frozenset({"succeeded", "failed", "cancelled"})
_Struct = TypeVar("_Struct", bound=msgspec.Struct)


class JobSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, with the release that answers all of it. The URIs are as sent, the paths as resolved.

    `submitted_by` is the subject whose job it is.

    Without an `event_at`, in replay mode, each row stands for the instant of the snapshot that it is answered from.
    """

    job_id: str
    product: str
    release_id: str
    model_version: int
    input_uri: str
    output_uri: str
    input_path: str
    output_path: str
    batch_size: int
    event_at: str | None
    created_at: dt.datetime
    request_digest: str
    submitted_by: str = "local"

    @property
    def chunk_rows(self) -> int:
        """How many rows are committed at once."""
        return max(self.batch_size, MIN_CHUNK_ROWS)


class JobPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What the first start found out about the input; a later one that finds another input does not go on."""

    rows_total: int
    input_bytes: int
    input_changed_ns: int


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What the chunks committed so far add up to; `seconds` of work, without the time between two starts."""

    chunks: int = 0
    rows_done: int = 0
    rows_failed: int = 0
    seconds: float = 0.0


class JobProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a job failed; `detail` ends in the remedy."""

    code: str
    detail: str


class JobState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a job stands. `starts` counts the workers that began at chunk `at_chunk`; `totals` are set at the end."""

    status: Status = "queued"
    started_at: dt.datetime | None = None
    finished_at: dt.datetime | None = None
    starts: int = 0
    at_chunk: int = 0
    totals: Totals | None = None
    error: JobProblem | None = None

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in FINISHED


@dataclass(frozen=True, slots=True)
class JobRecord:
    """The files of one job. Reading a file raises OSError or msgspec.DecodeError when it is missing or damaged."""

    directory: Path
    fsync: bool = True

    @property
    def lock_path(self) -> Path:
        """The file whose lock makes its holder the only writer."""
        return self.directory / "lock"

    @property
    def log_path(self) -> Path:
        """What the job's workers wrote to their standard error."""
        return self.directory / "worker.log"

    @property
    def is_cancel_requested(self) -> bool:
        """Whether the worker is asked to stop."""
        return self._cancel_path.exists()

    @property
    def _cancel_path(self) -> Path:
        return self.directory / "cancel"

    def spec(self) -> JobSpec:
        """Return what was asked for."""
        return self._read("spec.json", JobSpec)

    def state(self) -> JobState:
        """Return where the job stands."""
        return self._read("state.json", JobState)

    def plan(self) -> JobPlan | None:
        """Return what the first start found out; None before it."""
        try:
            return self._read("plan.json", JobPlan)
        except FileNotFoundError:
            return None

    def write_spec(self, spec: JobSpec) -> None:
        """Write the one file that never changes."""
        self._write("spec.json", spec)

    def write_state(self, state: JobState) -> None:
        """Replace the state; hold the lock."""
        self._write("state.json", state)

    def write_plan(self, plan: JobPlan) -> None:
        """Write the plan; hold the lock."""
        self._write("plan.json", plan)

    def request_cancel(self) -> None:
        """Ask the worker to stop before its next call."""
        self._cancel_path.touch()

    def _read(self, name: str, kind: type[_Struct]) -> _Struct:
        return msgspec.json.decode((self.directory / name).read_bytes(), type=kind)

    def _write(self, name: str, content: msgspec.Struct) -> None:
        write_file(self.directory / name, msgspec.json.encode(content), fsync=self.fsync)
