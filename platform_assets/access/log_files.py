"""Where the access log lies: its segments, its anchors and its key, each in a place of its own."""

import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from platform_assets.access.private_files import held, make_private_directory, read_private, write_private
from platform_assets.errors import AccessLogKeyError
from platform_assets.settings import Settings

_KEY_BYTES = 32
_SEGMENT = re.compile(r"(?P<chain>[a-z0-9-]+)\.(?P<number>[0-9]{6})\.jsonl")


@dataclass(frozen=True, slots=True)
class LogFiles:
    """The files of the access log of one platform."""

    log_dir: Path
    anchors_dir: Path
    key_path: Path
    fsync: bool = True

    @classmethod
    def of(cls, settings: Settings) -> "LogFiles":
        """Return the files of these settings."""
        access = settings.access_dir
        return cls(settings.access_log_dir, access / "anchors", access / "log.key", settings.fsync)

    def key(self) -> bytes:
        """Return the key that signs; it is made when neither it nor any log exists. Raises AccessLogKeyError."""
        with held(self.key_path):
            key = read_private(self.key_path)
            if key is None and not self.chains():
                key = secrets.token_bytes(_KEY_BYTES)
                write_private(self.key_path, key, fsync=self.fsync)
        if key is None or len(key) != _KEY_BYTES:
            raise AccessLogKeyError(path=str(self.key_path))
        return key

    def chains(self) -> list[str]:
        """Return the names of the chains that have a segment."""
        return sorted({found["chain"] for found in map(_SEGMENT.fullmatch, self._names()) if found})

    def segments(self, chain: str) -> list[Path]:
        """Return the segments of a chain in order."""
        found = [(match, name) for name in self._names() if (match := _SEGMENT.fullmatch(name))]
        return [self.log_dir / name for match, name in sorted(found, key=_number) if match["chain"] == chain]

    def segment(self, chain: str, number: int) -> Path:
        """Return where a segment lies; numbers begin at 1."""
        return self.log_dir / f"{chain}.{number:06d}.jsonl"

    def _names(self) -> list[str]:
        make_private_directory(self.log_dir)
        return [path.name for path in self.log_dir.iterdir()]


def segment_number(path: Path) -> int:
    """Return the number of a segment."""
    return int(path.name.split(".")[1])


def _number(found: tuple[re.Match[str], str]) -> int:
    return int(found[0]["number"])
