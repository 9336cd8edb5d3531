"""Where the workers of one endpoint tell each other what they counted of rollouts: one file each, always whole."""

from pathlib import Path
from typing import Protocol

import msgspec

from platform_assets.serving.traffic.counts import StepCounts

Told = dict[str, StepCounts]  # by product
_SUFFIX = ".rollouts"


class Board(Protocol):
    """The counts of the other workers."""

    def tell(self, told: Told) -> None:
        """Replace what this worker has told."""
        ...

    def before(self) -> Told:
        """Return what the worker told whose place this one takes."""
        ...

    def others(self) -> list[Told]:
        """Return what every other worker told last, also those that have ended."""
        ...


class NoBoard:
    """The board of a worker that is alone."""

    def tell(self, told: Told) -> None:
        """Tell nobody."""

    def before(self) -> Told:
        """Return nothing."""
        return {}

    def others(self) -> list[Told]:
        """Return nobody's counts."""
        return []


class RolloutBoard:
    """The board as one worker sees it; a file of another version or half a file counts as none."""

    def __init__(self, directory: Path, name: str) -> None:
        """Take the directory that all share and the name of this worker."""
        self._directory = directory
        self._path = directory / f"{name}{_SUFFIX}"
        self._draft = directory / f"{name}{_SUFFIX}.draft"

    def tell(self, told: Told) -> None:
        """Replace what this worker has told; raises OSError, and what was told before stays."""
        self._draft.write_bytes(msgspec.msgpack.encode(told))
        self._draft.replace(self._path)

    def before(self) -> Told:
        """Return what the worker of this name told before it ended, nothing for the first one."""
        return _read(self._path)

    def others(self) -> list[Told]:
        """Return what every other worker told last, also those that have ended."""
        return [_read(path) for path in sorted(self._directory.glob(f"*{_SUFFIX}")) if path != self._path]


def _read(path: Path) -> Told:
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=Told)
    except (OSError, msgspec.DecodeError):
        return {}
