"""The output file of a job appears once, whole, and never in place of another file."""

import os
from collections.abc import Sequence
from pathlib import Path

from platform_assets.errors import OutputExistsError
from platform_assets.inference.durable import sync_directory
from platform_assets.serving.jobs.formats import JoinRows
from platform_assets.serving.jobs.record import JobSpec


def publish_output(
    spec: JobSpec, join: JoinRows, columns: Sequence[str], parts: Sequence[Path], *, fsync: bool
) -> None:
    """Join the chunks into the output; raises OutputExistsError when somebody else made that file meanwhile.

    The draft beside it stays until `settle_output`: it shows a later start that the output is this job's own.
    """
    target, draft = Path(spec.output_path), _draft(spec)
    if is_published(spec):
        return
    with draft.open("wb") as file:
        join(file, columns, parts)
        file.flush()
        if fsync:
            os.fsync(file.fileno())
    try:
        os.link(draft, target)  # unlike a rename, it refuses to replace
    except FileExistsError:
        raise OutputExistsError(output_uri=spec.output_uri) from None
    sync_directory(target.parent, fsync=fsync)


def is_published(spec: JobSpec) -> bool:
    """Whether the output is there and this job made it."""
    try:
        return Path(spec.output_path).samefile(_draft(spec))
    except OSError:
        return False


def settle_output(spec: JobSpec) -> None:
    """Remove the draft once the job's success is recorded."""
    _draft(spec).unlink(missing_ok=True)


def withdraw_output(spec: JobSpec) -> None:
    """Leave no output of a job that did not succeed; another's file of that name stays."""
    if is_published(spec):
        Path(spec.output_path).unlink(missing_ok=True)
    settle_output(spec)


def _draft(spec: JobSpec) -> Path:
    target = Path(spec.output_path)
    return target.with_name(f".{spec.job_id}.tmp")
