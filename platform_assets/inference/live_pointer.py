"""The live pointer: what of a product is in force. It moves by compare-and-set, in one atomic step."""

import datetime as dt
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from platform_assets.contract.rollout import RolloutPlan, Step
from platform_assets.errors import BundleError, ModelUnusableError, ReleaseConflictError, VersionRefusedError
from platform_assets.inference.durable import write_file
from platform_assets.inference.kept_contracts import contracts_to_keep
from platform_assets.inference.pointer_moves import Cause, PointerMove, write_move
from platform_assets.inference.refusals import is_refused
from platform_assets.inference.release import read_release

BY_NOBODY = Cause(kind="moved", by="unknown", reason="none was given")


class LiveRollout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A release on its way (the candidate): which step of its plan it is in, and since when.

    `rollout_id` is the salt of the assignment, so that each rollout is tried on other units first.
    """

    rollout_id: str
    release_id: str
    plan: RolloutPlan
    step_name: str
    step_since: dt.datetime
    since: dt.datetime

    def __post_init__(self) -> None:
        """Raise ValueError for a step that is none of the plan's: no share of the traffic could be told."""
        if self.step_name not in {step.name for step in self.plan.steps}:
            problem = f"step {self.step_name!r} is not in the plan of rollout {self.rollout_id}"
            raise ValueError(problem)

    @property
    def step(self) -> Step:
        """The step that is under way."""
        return next(step for step in self.plan.steps if step.name == self.step_name)

    @property
    def share(self) -> float:
        """The part of the traffic in [0, 1] that the candidate answers; at 0 it is shadowed."""
        return self.step.share


class KeptRelease(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A release that was replaced: deprecated, and loaded until then so that the way back is short.

    One with a `contract_version` answers for that earlier version of the output's contract, until its sunset.
    """

    release_id: str
    until: dt.datetime
    contract_version: int | None = None


class SwitchedOff(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model of a product is not asked: its fallbacks answer. Who did that, when and why."""

    at: dt.datetime
    by: str
    reason: str


class LivePointer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The release in force (the control while another one is on its way), and all that decides who answers.

    `sequence` counts the moves from 1, so a move back is seen as a move too.
    """

    release_id: str
    sequence: int
    moved_at: dt.datetime
    rollout: LiveRollout | None = None
    kept: tuple[KeptRelease, ...] = ()
    off: SwitchedOff | None = None


def read_live(releases_dir: Path, product: str) -> LivePointer | None:
    """Return the live pointer of a product, or None when nothing was ever released."""
    path = live_path(releases_dir, product)
    try:
        return msgspec.json.decode(path.read_bytes(), type=LivePointer)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise ModelUnusableError(file=str(path), problem=str(error)) from error


def read_settled_live(releases_dir: Path, product: str) -> LivePointer | None:
    """Return the live pointer after every move that has begun: who forbids something first sees here who did it yet."""
    (releases_dir / product).mkdir(parents=True, exist_ok=True)
    with _locked(releases_dir / product / ".lock"):
        return read_live(releases_dir, product)


def put_live(releases_dir: Path, product: str, wanted: LivePointer, cause: Cause, *, fsync: bool = True) -> LivePointer:
    """Put a pointer in force that was derived from the one before it, whose sequence is one less (0: no pointer yet).

    The move is on disk with its cause before it is in force. Raises ReleaseConflictError when somebody else moved
    first, NoReleaseError when a release that is to get traffic, or more of it, is not stored, VersionRefusedError when
    it was rejected. Others are not looked at: an end or a switch must not wait for a file to be mended.
    """
    for release_id in _raised(wanted, read_live(releases_dir, product)):
        read_release(releases_dir, product, release_id)
    with _locked(releases_dir / product / ".lock"):
        live = read_live(releases_dir, product)
        wanted = _with_contracts(releases_dir, product, live, wanted)
        actual = live.sequence if live else 0
        if actual != wanted.sequence - 1:
            raise ReleaseConflictError(product=product, expected=wanted.sequence - 1, actual=actual)
        for release_id in _raised(wanted, live):
            version = read_release(releases_dir, product, release_id).model_version
            if is_refused(releases_dir, product, version):
                raise VersionRefusedError(product=product, version=version)
        # One that a killed mover left behind has the same sequence, and never came into force: it is replaced.
        write_move(releases_dir, _move_of(product, wanted, cause), fsync=fsync)
        write_file(live_path(releases_dir, product), msgspec.json.encode(wanted), fsync=fsync)
    return wanted


def move_live(
    releases_dir: Path,
    product: str,
    *,
    expected_sequence: int,
    release_id: str,
    moved_at: dt.datetime,
    cause: Cause = BY_NOBODY,
    fsync: bool = True,
) -> LivePointer:
    """Give a stored release all of the traffic if the pointer is still at `expected_sequence` (0: no pointer yet).

    A rollout that is under way ends by it; a product that is switched off stays so; what was kept until then is not
    kept any more. Raises as `put_live`.
    """
    live = read_live(releases_dir, product)
    wanted = LivePointer(
        release_id=release_id,
        sequence=expected_sequence + 1,
        moved_at=moved_at,
        kept=_still_kept(live, moved_at, without=release_id) if live else (),
        off=live.off if live else None,
    )
    return put_live(releases_dir, product, wanted, cause, fsync=fsync)


def without_refused(releases_dir: Path, product: str, pointer: LivePointer) -> LivePointer:
    """Return the pointer without kept releases whose version was rejected or recalled since they were replaced."""
    kept = tuple(one for one in pointer.kept if not _is_refused(releases_dir, product, one))
    return pointer if len(kept) == len(pointer.kept) else msgspec.structs.replace(pointer, kept=kept)


def live_path(releases_dir: Path, product: str) -> Path:
    """Return the file of a product's live pointer."""
    return releases_dir / product / "live.json"


def _raised(wanted: LivePointer, before: LivePointer | None) -> Iterator[str]:
    """Yield the releases that get traffic anew or more of it."""
    if before is None or wanted.release_id != before.release_id or (before.off is not None and wanted.off is None):
        yield wanted.release_id
    if wanted.rollout is not None and (before is None or wanted.rollout != before.rollout):
        yield wanted.rollout.release_id


def _still_kept(live: LivePointer, at: dt.datetime, *, without: str) -> tuple[KeptRelease, ...]:
    return tuple(one for one in live.kept if one.until > at and one.release_id != without)


def _with_contracts(releases_dir: Path, product: str, before: LivePointer | None, wanted: LivePointer) -> LivePointer:
    """Return the pointer that also keeps the last release of each earlier contract version, as its release says."""
    if before is None or before.release_id == wanted.release_id:
        return wanted
    # Those that answer for a version by now come first: one that went back and forth beside them is not its last.
    standing = sorted(before.kept, key=lambda one: (one.contract_version is None, -one.until.timestamp()))
    replaced = [one for one in (before.release_id, *(each.release_id for each in standing)) if one != wanted.release_id]
    kept = {one.release_id: msgspec.structs.replace(one, contract_version=None) for one in wanted.kept}
    for release_id, earlier in contracts_to_keep(releases_dir, product, by=wanted.release_id, replaced=replaced):
        if earlier.sunset_at > wanted.moved_at:
            until = max(earlier.sunset_at, kept[release_id].until) if release_id in kept else earlier.sunset_at
            kept[release_id] = KeptRelease(release_id=release_id, until=until, contract_version=earlier.version)
    return msgspec.structs.replace(wanted, kept=tuple(kept.values()))


def _is_refused(releases_dir: Path, product: str, kept: KeptRelease) -> bool:
    try:
        version = read_release(releases_dir, product, kept.release_id).model_version
    except BundleError:  # whoever loads it tells that it cannot be
        return False
    return is_refused(releases_dir, product, version)


def _move_of(product: str, wanted: LivePointer, cause: Cause) -> PointerMove:
    return PointerMove(
        product=product, sequence=wanted.sequence, at=wanted.moved_at, cause=cause, pointer=msgspec.to_builtins(wanted)
    )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)  # closing releases the lock
