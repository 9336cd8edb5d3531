"""Releases: the immutable object that consumers get, as one file each, named by its content."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from platform_assets.contract.names import feature_service
from platform_assets.contract.online import FallbackKind
from platform_assets.contract.product import Product
from platform_assets.contract.versions import EarlierVersion
from platform_assets.errors import DigestMismatchError, ModelUnusableError, NoReleaseError
from platform_assets.inference.bundle_manifest import BundleManifest, bundle_digest
from platform_assets.inference.durable import write_file

_ID_LENGTH = 16


class Release(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A bundle with the contract under which it answers. `bundle_path` is relative to the platform's home.

    `fallbacks` is empty and `default_score` None for a product without an online block. `earlier_versions` are those
    of the contract before `contract_version`; left out where there are none, so that a file from before has its id.
    """

    release_id: str
    product: str
    model_version: int
    bundle_path: str
    bundle_digest: str
    contract_version: int
    feature_service: str
    fallbacks: tuple[FallbackKind, ...]
    default_score: float | None
    created_at: dt.datetime
    reason: str
    earlier_versions: tuple[EarlierVersion, ...] = ()


def make_release(
    product: Product, manifest: BundleManifest, *, bundle_path: str, created_at: dt.datetime, reason: str
) -> Release:
    """Return the release of a bundle; the same arguments give the same id.

    Its contract is that of the bundle, whatever the declaration says since.
    """
    current = manifest.output_schema_version
    release = Release(
        release_id="",
        product=product.name,
        model_version=manifest.model_version,
        bundle_path=bundle_path,
        bundle_digest=bundle_digest(manifest),
        contract_version=current,
        feature_service=feature_service(product.name, product.features.version),
        fallbacks=product.online.fallbacks if product.online else (),
        default_score=product.online.default_score if product.online else None,
        created_at=created_at,
        reason=reason,
        earlier_versions=tuple(one for one in product.earlier_versions if one.version < current),
    )
    return msgspec.structs.replace(release, release_id=content_id(release))


def content_id(release: Release) -> str:
    """Return the first 16 hex digits of the sha256 over everything in a release but its id."""
    told: Mapping[str, object] = {**msgspec.to_builtins(release), "release_id": ""}
    return hashlib.sha256(msgspec.json.encode(told, order="deterministic")).hexdigest()[:_ID_LENGTH]


def write_release(releases_dir: Path, release: Release, *, fsync: bool = True) -> Path:
    """Store a release and return its file; storing it again changes nothing. It is not live by that."""
    path = release_path(releases_dir, release.product, release.release_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, msgspec.json.encode(release, order="deterministic"), fsync=fsync)
    return path


def read_release(releases_dir: Path, product: str, release_id: str) -> Release:
    """Return a stored release; raises NoReleaseError when absent, DigestMismatchError when its content changed."""
    path = release_path(releases_dir, product, release_id)
    try:
        release = msgspec.json.decode(path.read_bytes(), type=Release)
    except FileNotFoundError:
        raise NoReleaseError(product=product) from None
    except (msgspec.DecodeError, UnicodeError) as error:  # msgspec leaves bytes that are no text to Python
        raise ModelUnusableError(file=str(path), problem=str(error)) from error
    actual = content_id(release)
    if actual != release_id or release.release_id != release_id:
        raise DigestMismatchError(path=str(path), expected=release_id, actual=actual)
    return release


def release_path(releases_dir: Path, product: str, release_id: str) -> Path:
    """Return the file of a release."""
    return releases_dir / product / f"{release_id}.json"
