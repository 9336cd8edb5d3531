"""Bundles on disk: a directory that appears whole, never changes and is never loaded when a byte differs."""

import hashlib
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from platform_assets.errors import BundleExistsError, DigestMismatchError, ModelUnusableError, NotMaterializedError
from platform_assets.inference.bundle_manifest import (
    FEATURES_FILE,
    MANIFEST_FILE,
    BundleManifest,
    BundleOrigin,
    bundle_digest,
    encode_manifest,
)
from platform_assets.inference.durable import sync_directory, write_plain
from platform_assets.inference.engine_events import OnEngineEvent, log_engine_event
from platform_assets.inference.ensemble_files import require_members
from platform_assets.inference.pair import Pair, read_pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle(Pair):
    """A verified bundle, ready to score. `features` is the online feature manifest, as it was written."""

    directory: Path
    manifest: BundleManifest
    digest: str
    features: bytes


def write_bundle(
    directory: Path, *, origin: BundleOrigin, files: Mapping[str, bytes], fsync: bool = True
) -> BundleManifest:
    """Write a bundle as a whole and return its manifest; writing the same one again changes nothing.

    Raises BundleExistsError when the directory holds another bundle.
    """
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = BundleManifest(**msgspec.structs.asdict(origin), files=digests)
    directory.parent.mkdir(parents=True, exist_ok=True)
    if not directory.exists():
        _appear(directory, {**files, MANIFEST_FILE: encode_manifest(manifest)}, fsync=fsync)
    existing = read_manifest(directory)
    if existing != manifest:
        raise BundleExistsError(path=str(directory), existing=bundle_digest(existing), new=bundle_digest(manifest))
    return manifest


def load_bundle(
    directory: Path, *, expected_digest: str | None = None, on_engine_event: OnEngineEvent = log_engine_event
) -> Bundle:
    """Return a bundle whose every byte matched its manifest, and whose manifest is the one that a release names.

    Raises NotMaterializedError for an absent one, DigestMismatchError naming a changed, extra or missing file, and
    ModelUnusableError for a file that cannot be read as what it is.
    """
    manifest = read_manifest(directory)
    digest = bundle_digest(manifest)
    if expected_digest not in {None, digest}:
        raise DigestMismatchError(path=str(directory / MANIFEST_FILE), expected=str(expected_digest), actual=digest)
    files = {path.name: path.read_bytes() for path in directory.iterdir() if path.name != MANIFEST_FILE}
    for name in sorted({*files, *manifest.files}):
        expected = manifest.files.get(name, "no such file")
        actual = hashlib.sha256(files[name]).hexdigest() if name in files else "no such file"
        if actual != expected:
            raise DigestMismatchError(path=str(directory / name), expected=expected, actual=actual)
    pair = read_pair(files, on_engine_event)  # the bytes that were verified, not the files again
    require_members(manifest, pair.product)
    return Bundle(
        product=pair.product,
        preprocessor=pair.preprocessor,
        predictor=pair.predictor,
        calibration=pair.calibration,
        uncertainty=pair.uncertainty,
        directory=directory,
        manifest=manifest,
        digest=digest,
        features=files.get(FEATURES_FILE, b""),
    )


def read_manifest(directory: Path) -> BundleManifest:
    """Return the manifest of a bundle without verifying its files; raises NotMaterializedError for an absent one."""
    path = directory / MANIFEST_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=BundleManifest)
    except FileNotFoundError:
        raise NotMaterializedError(what=f"bundle {directory}", asset="the product's model") from None
    except (msgspec.DecodeError, UnicodeError) as error:  # msgspec leaves bytes that are no text to Python
        raise ModelUnusableError(file=str(path), problem=str(error)) from error


def _appear(directory: Path, files: Mapping[str, bytes], *, fsync: bool) -> None:
    temporary = directory.with_name(f".{directory.name}.{secrets.token_hex(6)}.tmp")
    temporary.mkdir()
    try:
        for name, content in files.items():
            write_plain(temporary / name, content, fsync=fsync)
        sync_directory(temporary, fsync=fsync)
        try:
            temporary.rename(directory)
        except OSError:
            if not directory.exists():  # otherwise another writer was first; the caller compares
                raise
        sync_directory(directory.parent, fsync=fsync)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
