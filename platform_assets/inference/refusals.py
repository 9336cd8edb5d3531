"""Versions that were rejected: a mark beside the releases, for everybody who moves the pointer without the ledger."""

from pathlib import Path

from platform_assets.inference.durable import sync_directory, write_file


def refuse_version(releases_dir: Path, product: str, version: int, *, fsync: bool = True) -> None:
    """Let no move give a version traffic from now on; a repeat changes nothing."""
    path = _path(releases_dir, product, version)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, b"", fsync=fsync)


def accept_version(releases_dir: Path, product: str, version: int, *, fsync: bool = True) -> None:
    """Take the mark away."""
    path = _path(releases_dir, product, version)
    if path.exists():
        path.unlink()
        sync_directory(path.parent, fsync=fsync)


def is_refused(releases_dir: Path, product: str, version: int) -> bool:
    """Tell whether a version was rejected."""
    return _path(releases_dir, product, version).exists()


def _path(releases_dir: Path, product: str, version: int) -> Path:
    return releases_dir / product / "refused" / str(version)
