"""A rejected version gets no traffic, whoever moves the pointer."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from platform_assets.contract.product import Product
from platform_assets.errors import VersionRefusedError
from platform_assets.inference.bundle_manifest import BundleManifest, BundleOrigin
from platform_assets.inference.live_pointer import move_live, read_live
from platform_assets.inference.refusals import accept_version, is_refused, refuse_version
from platform_assets.inference.release import make_release, write_release

NOW = dt.datetime(2026, 1, 3, tzinfo=dt.UTC)


@pytest.fixture
def release_id(tmp_path: Path, churn: Product, origin: BundleOrigin) -> str:
    manifest = BundleManifest(**msgspec.structs.asdict(origin), files={})
    release = make_release(churn, manifest, bundle_path="bundles/churn/3", created_at=NOW, reason="a test")
    write_release(tmp_path, release, fsync=False)
    return release.release_id


def test_a_rejected_version_cannot_be_put_in_force(tmp_path: Path, origin: BundleOrigin, release_id: str) -> None:
    refuse_version(tmp_path, "churn", origin.model_version)
    with pytest.raises(VersionRefusedError, match=f"version {origin.model_version} of 'churn' was rejected"):
        move_live(tmp_path, "churn", expected_sequence=0, release_id=release_id, moved_at=NOW)
    assert read_live(tmp_path, "churn") is None


def test_a_version_whose_mark_was_taken_away_can_be_put_in_force(
    tmp_path: Path, origin: BundleOrigin, release_id: str
) -> None:
    refuse_version(tmp_path, "churn", origin.model_version)
    for _ in range(2):
        accept_version(tmp_path, "churn", origin.model_version)
    move_live(tmp_path, "churn", expected_sequence=0, release_id=release_id, moved_at=NOW)
    assert not is_refused(tmp_path, "churn", origin.model_version)
