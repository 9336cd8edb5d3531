"""Releases: immutable, named by their content."""

import datetime as dt
from pathlib import Path

import pytest

from platform_assets.contract.product import Product
from platform_assets.errors import DigestMismatchError, NoReleaseError
from platform_assets.inference.bundle_manifest import BundleManifest, BundleOrigin
from platform_assets.inference.release import Release, make_release, read_release, release_path, write_release

NOW = dt.datetime(2026, 1, 3, tzinfo=dt.UTC)


@pytest.fixture
def release(churn: Product, origin: BundleOrigin) -> Release:
    import msgspec  # noqa: PLC0415 - only this fixture needs it

    manifest = BundleManifest(**msgspec.structs.asdict(origin), files={"model.txt": "c" * 64})
    return make_release(churn, manifest, bundle_path="bundles/churn/3", created_at=NOW, reason="first")


def test_a_release_reads_back_as_it_was_written(tmp_path: Path, release: Release) -> None:
    write_release(tmp_path, release, fsync=False)
    assert read_release(tmp_path, "churn", release.release_id) == release
    assert release.fallbacks == ("last_batch", "default_score", "skip_action")
    assert release.feature_service == "churn_v1"


def test_another_reason_is_another_release(churn: Product, origin: BundleOrigin, release: Release) -> None:
    import msgspec  # noqa: PLC0415 - only here

    manifest = BundleManifest(**msgspec.structs.asdict(origin), files={"model.txt": "c" * 64})
    arguments = {"bundle_path": "bundles/churn/3", "created_at": NOW}
    assert make_release(churn, manifest, **arguments, reason="first") == release  # type: ignore[arg-type]  # a shared dict
    assert make_release(churn, manifest, **arguments, reason="again").release_id != release.release_id  # type: ignore[arg-type]  # as above


def test_an_edited_release_is_refused(tmp_path: Path, release: Release) -> None:
    write_release(tmp_path, release, fsync=False)
    path = release_path(tmp_path, "churn", release.release_id)
    path.write_text(path.read_text().replace('"model_version":3', '"model_version":4'))
    with pytest.raises(DigestMismatchError, match=release.release_id):
        read_release(tmp_path, "churn", release.release_id)


def test_an_absent_release_is_a_typed_error(tmp_path: Path) -> None:
    with pytest.raises(NoReleaseError, match="churn"):
        read_release(tmp_path, "churn", "0" * 16)
