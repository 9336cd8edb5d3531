"""Where the workers of one endpoint tell each other what they counted: one file each, always whole."""

from pathlib import Path
from typing import Generic, Protocol, TypeVar

import msgspec

from platform_assets.serving.traffic.counts import StepCounts

Counts = TypeVar("Counts", bound=msgspec.Struct)  # of one product
Told = dict[str, StepCounts]  # by product


class Board(Protocol[Counts]):
    """The counts of the other workers."""

    def tell(self, told: dict[str, Counts]) -> None:
        """Replace what this worker has told."""
        ...

    def before(self) -> dict[str, Counts]:
        """Return what the worker told whose place this one takes."""
        ...

    def others(self) -> list[dict[str, Counts]]:
        """Return what every other worker told last, also those that have ended."""
        ...


class NoBoard(Generic[Counts]):
    """The board of a worker that is alone."""

    def tell(self, told: dict[str, Counts]) -> None:
        """Tell nobody."""

    def before(self) -> dict[str, Counts]:
        """Return nothing."""
        return {}

    def others(self) -> list[dict[str, Counts]]:
        """Return nobody's counts."""
        return []


class FileBoard(Generic[Counts]):
    """The board as one worker sees it; a file of another version or half a file counts as none."""

    def __init__(self, directory: Path, name: str, *, suffix: str, kind: type[Counts]) -> None:
        """Take the directory that all share, the name of this worker, and what is told there about a product."""
        self._directory = directory
        self._suffix = suffix
        self._decoder = msgspec.msgpack.Decoder(dict[str, kind])  # type: ignore[valid-type]
        self._path = directory / f"{name}{suffix}"
        self._draft = directory / f"{name}{suffix}.draft"

    def tell(self, told: dict[str, Counts]) -> None:
        """Replace what this worker has told; raises OSError, and what was told before stays."""
        self._draft.write_bytes(msgspec.msgpack.encode(told))
        self._draft.replace(self._path)

    def before(self) -> dict[str, Counts]:
        """Return what the worker of this name told before it ended, nothing for the first one."""
        return self._read(self._path)

    def others(self) -> list[dict[str, Counts]]:
        """Return what every other worker told last, also those that have ended."""
        paths = sorted(self._directory.glob(f"*{self._suffix}"))
        return [self._read(path) for path in paths if path != self._path]

    def _read(self, path: Path) -> dict[str, Counts]:
        try:
            return self._decoder.decode(path.read_bytes())
        except (OSError, msgspec.DecodeError):
            return {}


class RolloutBoard(FileBoard[StepCounts]):
    """The board of rollouts."""

    def __init__(self, directory: Path, name: str) -> None:
        """Take the directory that all share and the name of this worker."""
        super().__init__(directory, name, suffix=".rollouts", kind=StepCounts)
