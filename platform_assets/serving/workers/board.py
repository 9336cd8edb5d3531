"""Where the workers of one endpoint tell each other their counts: one file each, replaced as a whole."""

import shutil
from pathlib import Path

import msgspec

from platform_assets.serving.telemetry.tallies import Tallies
from platform_assets.settings import Settings

_SUFFIX = ".counts"


def board_dir(settings: Settings) -> Path:
    """Return the directory of the endpoint on the port of the settings."""
    return settings.run_dir / f"endpoint-{settings.endpoint_port}"


def clear_board(directory: Path) -> None:
    """Begin a new endpoint: nothing that an earlier one counted is part of its sums."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)


class FileBoard:
    """The board as one worker sees it.

    The file of a worker that ended stays, and the one that takes its place goes on from it, so no sum goes backwards;
    what a killed worker counted since its last telling, a second at most, is lost. Nothing is forced to the disk:
    the files are for processes that live now.
    """

    def __init__(self, directory: Path, name: str) -> None:
        """Take the directory that all share and the name of this worker."""
        self._directory = directory
        self._path = directory / f"{name}{_SUFFIX}"
        self._draft = directory / f"{name}.draft"

    def tell(self, tallies: Tallies) -> None:
        """Replace what this worker has told; raises OSError, and what was told before stays."""
        self._draft.write_bytes(msgspec.msgpack.encode(tallies))
        self._draft.replace(self._path)

    def before(self) -> Tallies | None:
        """Return what the worker of this name told before it ended, None for the first one."""
        return _read(self._path)

    def others(self) -> list[Tallies]:
        """Return what every other worker told last, also those that have ended."""
        told = (_read(path) for path in sorted(self._directory.glob(f"*{_SUFFIX}")) if path != self._path)
        return [tallies for tallies in told if tallies is not None]


def _read(path: Path) -> Tallies | None:
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=Tallies)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
