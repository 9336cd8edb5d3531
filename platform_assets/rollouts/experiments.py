"""Experiments on disk: one file each below the product's releases, changed by compare-and-set under a lock.

Whoever changes one (a person, a Dagster run, the endpoint at shown harm) calls the same functions. None of them needs
the ledger or MLflow. Of a product one experiment runs at a time.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from platform_assets.contract.experiment_rules import broken_experiment_rules, broken_for_product
from platform_assets.contract.experiments import Experiment
from platform_assets.contract.product import Product
from platform_assets.errors import (
    ExperimentStateError,
    InvalidExperimentError,
    ModelUnusableError,
    NoReleaseError,
    UnknownExperimentError,
    VersionRefusedError,
)
from platform_assets.inference.durable import write_file
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.refusals import is_refused
from platform_assets.inference.release import read_release
from platform_assets.rollouts import experiments_course as course
from platform_assets.rollouts.experiments_course import ExperimentRecord
from platform_assets.rollouts.experiments_releases import with_release_ids
from platform_assets.rollouts.moves import Pointers, Word

_ID = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def create(pointers: Pointers, product: Product, experiment: Experiment, word: Word) -> ExperimentRecord:
    """Store a draft whose variants name release ids; it assigns nobody yet.

    Raises InvalidExperimentError for one that breaks a rule or names an unknown release, ExperimentStateError for an
    id that was used before: an id is the salt of the assignment.
    """
    checked = _checked(experiment, product)
    record = course.drafted(with_release_ids(pointers.releases_dir, checked), word)
    return _put(pointers, record)


def start(pointers: Pointers, product: str, experiment_id: str, word: Word) -> ExperimentRecord:
    """Let a draft assign from now on.

    Raises UnknownExperimentError, NoReleaseError, VersionRefusedError where a variant was rejected, and
    ExperimentStateError while another experiment runs, a rollout is under way, the product is off, or another release
    than the control is in force.
    """
    record = read_experiment(pointers.releases_dir, product, experiment_id)
    live = read_live(pointers.releases_dir, product)
    if live is None:
        raise NoReleaseError(product=product)
    return _put(pointers, course.started(record, live, word))


def _require_accepted(pointers: Pointers, record: ExperimentRecord) -> None:
    directory, product = pointers.releases_dir, record.experiment.product
    for variant in record.experiment.variants:
        version = read_release(directory, product, variant.release).model_version
        if is_refused(directory, product, version):
            raise VersionRefusedError(product=product, version=version)


def stop(pointers: Pointers, product: str, experiment_id: str, word: Word) -> ExperimentRecord:
    """Assign nobody any more: the release in force answers everything. Raises UnknownExperimentError.

    Raises ExperimentStateError when it was stopped before.
    """
    return _put(pointers, course.stopped(read_experiment(pointers.releases_dir, product, experiment_id), word))


def read_experiment(releases_dir: Path, product: str, experiment_id: str) -> ExperimentRecord:
    """Return one experiment; raises UnknownExperimentError, ModelUnusableError for a damaged file."""
    found = _read(_path(releases_dir, product, experiment_id)) if _ID.fullmatch(experiment_id) else None
    if found is None:
        known = ", ".join(record.experiment.id for record in read_experiments(releases_dir, product))
        raise UnknownExperimentError(product=product, experiment=experiment_id, known=known)
    return found


def read_experiments(releases_dir: Path, product: str) -> list[ExperimentRecord]:
    """Return all experiments of a product, sorted by id; raises ModelUnusableError for a damaged file."""
    paths = sorted(experiments_dir(releases_dir, product).glob("*.json"))
    return [record for path in paths if (record := _read(path)) is not None]


def running_experiment(releases_dir: Path, product: str) -> ExperimentRecord | None:
    """Return the experiment that is running, whether or not it is paused by the live pointer."""
    return next((one for one in read_experiments(releases_dir, product) if one.state == "running"), None)


def settled_running_experiment(releases_dir: Path, product: str) -> ExperimentRecord | None:
    """Return the running experiment after every change that has begun, as `read_settled_live` does the pointer."""
    with _locked(experiments_dir(releases_dir, product)):
        return running_experiment(releases_dir, product)


def experiments_dir(releases_dir: Path, product: str) -> Path:
    """Return where the experiments of a product lie, one file each."""
    return releases_dir / product / "experiments"


def _checked(experiment: Experiment, product: Product) -> Experiment:
    try:
        # msgspec checks types when it decodes, not when it constructs.
        checked = msgspec.json.decode(msgspec.json.encode(experiment), type=Experiment)
    except (msgspec.ValidationError, TypeError) as error:
        raise InvalidExperimentError(
            experiment=experiment.id, where="document", problem=str(error), remedy="Correct the value at that path."
        ) from error
    for where, problem, remedy in (*broken_experiment_rules(checked), *broken_for_product(checked, product)):
        raise InvalidExperimentError(experiment=checked.id, where=where, problem=problem, remedy=remedy)
    return checked


def _put(pointers: Pointers, wanted: ExperimentRecord) -> ExperimentRecord:
    """Store a record that was derived from the one before it; of two writers at once the second is refused."""
    told = wanted.experiment
    path = _path(pointers.releases_dir, told.product, told.id)
    with _locked(path.parent):
        before = _read(path)
        if (before.sequence if before else 0) != wanted.sequence - 1:
            problem = f"somebody else changed it; it is {before.state if before else 'gone'} now"
            raise ExperimentStateError(product=told.product, experiment=told.id, problem=problem)
        other = running_experiment(pointers.releases_dir, told.product)
        if wanted.state == "running" and other is not None:
            problem = f"experiment {other.experiment.id!r} is running; stop it first"
            raise ExperimentStateError(product=told.product, experiment=told.id, problem=problem)
        if wanted.state == "running":  # a rejection comes before this and is seen here, or sees what is written
            _require_accepted(pointers, wanted)
        write_file(path, msgspec.json.encode(wanted), fsync=pointers.fsync)
    return wanted


def _read(path: Path) -> ExperimentRecord | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=ExperimentRecord)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise ModelUnusableError(file=str(path), problem=str(error)) from error


def _path(releases_dir: Path, product: str, experiment_id: str) -> Path:
    return experiments_dir(releases_dir, product) / f"{experiment_id}.json"


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    directory.mkdir(parents=True, exist_ok=True)
    # The lock is on the folder itself, so it leaves nothing behind and ends with its holder.
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
