"""Reads what the promise watch and the asset of figures left for /metrics; a file that is not there shows nothing."""

from pathlib import Path

import msgspec

from platform_assets.contract.shown_figures import SHOWN_FAMILIES, ShownFile
from platform_assets.serving.telemetry.metric_families import Family
from platform_assets.serving.telemetry.tallies import Values

WRITTEN = Family(
    "platform_figures_written_timestamp_seconds", "When the file of figures was written, since 1970.", ("file",)
)
SHOWN = {
    file: tuple(Family(one.name, one.help, one.labels) for one in families) for file, families in SHOWN_FAMILIES.items()
}


class ShownFiles:
    """The files of one directory; each is decoded again only when it was replaced."""

    def __init__(self, directory: Path | None) -> None:
        """Take the directory; None shows nothing."""
        self._directory = directory
        self._known: dict[str, tuple[tuple[int, int], ShownFile]] = {}

    def read(self) -> list[tuple[Family, Values]]:
        """Return every family that was written with its values, and when its file was."""
        if self._directory is None:
            return []
        found: list[tuple[Family, Values]] = []
        written: Values = {}
        for name, families in SHOWN.items():
            file = self._file(self._directory / name)
            if file is not None:
                written[name.removesuffix(".json"),] = file.written_at
                found += [(family, _values(family, file)) for family in families]
        return [*found, (WRITTEN, written)]

    def _file(self, path: Path) -> ShownFile | None:
        """Return what a file holds; None for one that is not there or is none of ours."""
        try:
            stat = path.stat()
            version = (stat.st_mtime_ns, stat.st_ino)
            known = self._known.get(path.name)
            if known is None or known[0] != version:
                known = self._known[path.name] = (version, msgspec.json.decode(path.read_bytes(), type=ShownFile))
        except (OSError, msgspec.DecodeError):
            return None
        return known[1]


def _values(family: Family, file: ShownFile) -> Values:
    fits = (one for one in file.values if one.name == family.name and len(one.labels) == len(family.labels))
    return {one.labels: one.value for one in fits}
