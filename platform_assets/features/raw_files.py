"""Raw files: pinned by hash, kept with licence and attribution, published by one atomic pointer per data set."""

import csv
import datetime as dt
import hashlib
import json
import lzma
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from platform_assets.contract.datasets import DatasetName
from platform_assets.errors import DownloadFailedError, HashMismatchError, NotMaterializedError, SchemaChangedError
from platform_assets.features.raw_datasets import RawSource, raw_source
from platform_assets.features.raw_package import read_from_package
from platform_assets.features.raw_storage import exclusive, write_atomically
from platform_assets.settings import Settings

POINTER = "current.json"


@dataclass(frozen=True, slots=True)
class RawFile:
    """One raw file as published; `changed` tells whether this call made it current."""

    dataset: DatasetName
    path: Path
    sha256: str
    n_bytes: int
    licence: str
    attribution: str
    source: str
    fetched_at: dt.datetime
    changed: bool = False


def fetch_raw(dataset: DatasetName, settings: Settings, *, fetched_at: dt.datetime) -> RawFile:
    """Make the pinned file of a data set current; nothing is fetched when it already is.

    Raises DownloadFailedError, HashMismatchError, SchemaChangedError or MissingToolError; what was current stays so.
    """
    return fetch_source(raw_source(dataset, settings), settings, fetched_at=fetched_at)


def fetch_source(source: RawSource, settings: Settings, *, fetched_at: dt.datetime) -> RawFile:
    """Do the same for any pinned file; safe to run twice at once and after a kill."""
    folder = settings.raw_dir / source.dataset
    with exclusive(folder):
        current = _read_pointer(folder, source.dataset)
        if current is not None and current.sha256 == source.sha256 and _digest_of(current.path) == source.sha256:
            return current
        data, licence_text = _read(source, settings, folder)
        _check(source, data)
        return _publish(source, data, licence_text, settings, fetched_at)


def current_raw(dataset: DatasetName, settings: Settings) -> RawFile:
    """Return the current raw file; raises NotMaterializedError when there is none."""
    current = _read_pointer(settings.raw_dir / dataset, dataset)
    if current is None or not current.path.is_file():
        raise NotMaterializedError(what=f"raw data set {dataset!r}", asset=f"raw/{dataset}")
    return current


def _read(source: RawSource, settings: Settings, folder: Path) -> tuple[bytes, bytes]:
    if source.package is not None:
        return read_from_package(source, settings.project_root / "requirements-data.txt", folder)
    sample = settings.project_root / source.member
    if not sample.is_file():
        raise DownloadFailedError(package=source.member, reason="the committed sample is missing from the project")
    return sample.read_bytes(), b""


def _check(source: RawSource, data: bytes) -> None:
    actual = hashlib.sha256(data).hexdigest()
    if actual != source.sha256:
        raise HashMismatchError(path=source.origin, expected=source.sha256, actual=actual)
    header = _header_of(data, compressed=source.member.endswith(".xz"))
    if header != source.header:
        problem = f"the header is {', '.join(header)}, expected {', '.join(source.header)}"
        raise SchemaChangedError(dataset=source.dataset, problem=problem)


def _header_of(data: bytes, *, compressed: bool) -> tuple[str, ...]:
    head = lzma.LZMADecompressor().decompress(data, max_length=4096) if compressed else data[:4096]
    line = head.partition(b"\n")[0].decode("utf-8", errors="replace")
    return tuple(next(csv.reader([line.rstrip("\r")]), ()))


def _publish(
    source: RawSource, data: bytes, licence_text: bytes, settings: Settings, fetched_at: dt.datetime
) -> RawFile:
    folder = settings.raw_dir / source.dataset
    version = folder / source.sha256[:16]
    write_atomically(version / source.file_name, data, fsync=settings.fsync)
    write_atomically(version / "ATTRIBUTION.md", _attribution(source).encode(), fsync=settings.fsync)
    if licence_text:
        write_atomically(version / "LICENSE", licence_text, fsync=settings.fsync)
    pointer: dict[str, str | int] = {
        "file": f"{source.sha256[:16]}/{source.file_name}",
        "sha256": source.sha256,
        "bytes": len(data),
        "licence": source.licence,
        "attribution": source.attribution,
        "source": source.origin,
        "fetched_at": fetched_at.isoformat(),
    }
    write_atomically(folder / POINTER, json.dumps(pointer, indent=2).encode(), fsync=settings.fsync)
    return replace(_from_pointer(pointer, folder, source.dataset), changed=True)


def _attribution(source: RawSource) -> str:
    carrier = "\nThe package that carries the file has its own licence, see LICENSE.\n" if source.package else ""
    return (
        f"# {source.file_name}\n\n{source.attribution}\n\nLicence: {source.licence}\n\nFrom {source.origin}.\n{carrier}"
    )


def _read_pointer(folder: Path, dataset: DatasetName) -> RawFile | None:
    pointer = folder / POINTER
    if not pointer.is_file():
        return None
    return _from_pointer(json.loads(pointer.read_text("utf-8")), folder, dataset)


def _from_pointer(pointer: dict[str, str | int], folder: Path, dataset: DatasetName) -> RawFile:
    return RawFile(
        dataset=dataset,
        path=folder / str(pointer["file"]),
        sha256=str(pointer["sha256"]),
        n_bytes=cast("int", pointer["bytes"]),
        licence=str(pointer["licence"]),
        attribution=str(pointer["attribution"]),
        source=str(pointer["source"]),
        fetched_at=dt.datetime.fromisoformat(str(pointer["fetched_at"])),
    )


def _digest_of(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
