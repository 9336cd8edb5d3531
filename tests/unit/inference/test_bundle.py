"""Bundles: whole, immutable, verified."""

from pathlib import Path

import msgspec
import pytest

from platform_assets.errors import BundleExistsError, DigestMismatchError, ModelUnusableError, NotMaterializedError
from platform_assets.inference.bundle import load_bundle, read_manifest, write_bundle
from platform_assets.inference.bundle_manifest import BundleOrigin, bundle_digest

Files = dict[str, bytes]


@pytest.fixture
def directory(tmp_path: Path, origin: BundleOrigin, pair_files: Files) -> Path:
    path = tmp_path / "churn" / "3"
    write_bundle(path, origin=origin, files=pair_files, fsync=False)
    return path


def test_a_bundle_reads_back_with_its_origin_and_files(
    directory: Path, origin: BundleOrigin, pair_files: Files
) -> None:
    bundle = load_bundle(directory)
    assert bundle.product.name == "churn"
    assert bundle.manifest.training_run_id == origin.training_run_id
    assert bundle.features == pair_files["features.json"]
    assert bundle.digest == bundle_digest(read_manifest(directory))
    assert bundle.calibration is not None


@pytest.mark.parametrize("name", ["model.txt", "preprocessor.json", "product.json", "features.json"])
def test_a_changed_byte_is_refused_by_the_name_of_its_file(directory: Path, name: str) -> None:
    content = (directory / name).read_bytes()
    (directory / name).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(DigestMismatchError, match=name):
        load_bundle(directory)


def test_a_missing_and_an_extra_file_are_refused(directory: Path) -> None:
    (directory / "extra.bin").write_bytes(b"")
    with pytest.raises(DigestMismatchError, match="extra"):
        load_bundle(directory)
    (directory / "extra.bin").unlink()
    (directory / "model.txt").unlink()
    with pytest.raises(DigestMismatchError, match=r"model\.txt has digest no such file"):
        load_bundle(directory)


def test_a_bundle_other_than_the_released_one_is_refused(directory: Path) -> None:
    digest = load_bundle(directory).digest
    assert load_bundle(directory, expected_digest=digest).digest == digest
    with pytest.raises(DigestMismatchError, match=r"bundle\.json"):
        load_bundle(directory, expected_digest="0" * 64)


def test_writing_the_same_bundle_again_changes_nothing(
    directory: Path, origin: BundleOrigin, pair_files: Files
) -> None:
    before = (directory / "bundle.json").stat().st_mtime_ns
    write_bundle(directory, origin=origin, files=pair_files, fsync=False)
    assert (directory / "bundle.json").stat().st_mtime_ns == before


def test_another_bundle_is_never_written_over_one(directory: Path, origin: BundleOrigin, pair_files: Files) -> None:
    other = msgspec.structs.replace(origin, training_run_id="run-2")
    with pytest.raises(BundleExistsError, match="next model version"):
        write_bundle(directory, origin=other, files=pair_files, fsync=False)
    assert read_manifest(directory).training_run_id == "run-1"


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, origin: BundleOrigin, pair_files: Files) -> None:
    broken = {**pair_files, "no/such/folder": b""}
    with pytest.raises(FileNotFoundError):
        write_bundle(tmp_path / "churn" / "3", origin=origin, files=broken)
    assert list((tmp_path / "churn").iterdir()) == []


def test_an_absent_bundle_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotMaterializedError, match="materialize"):
        load_bundle(tmp_path / "none")


def test_a_file_that_is_not_what_it_should_be_is_named(tmp_path: Path, origin: BundleOrigin, pair_files: Files) -> None:
    files = {**pair_files, "calibration.json": b'{"x": "no"}'}
    write_bundle(tmp_path / "3", origin=origin, files=files, fsync=False)
    with pytest.raises(ModelUnusableError, match=r"calibration\.json"):
        load_bundle(tmp_path / "3")
