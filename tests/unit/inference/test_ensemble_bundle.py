"""An ensemble in one bundle: every member verified, told in the manifest, and refused when one of them is not sound."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

from platform_assets.contract.product import Product
from platform_assets.errors import BundleError, DigestMismatchError, ModelUnusableError
from platform_assets.inference.bundle import load_bundle, read_manifest, write_bundle
from platform_assets.inference.bundle_manifest import BundleMember, BundleOrigin, bundle_digest, encode_manifest
from platform_assets.inference.frame import Frame, text_columns
from platform_assets.inference.scoring import score, score_matrix
from tests.unit.inference.ensemble_samples import (
    WEIGHTS,
    ensemble_files,
    ensemble_origin,
    ensemble_product,
    mean_by_hand,
    member_text,
    rows,
    scores_of,
)

Files = dict[str, bytes]
MODELS = ("model_1.txt", "model_2.txt", "model_3.txt")


@pytest.fixture(scope="module")
def product(churn: Product) -> Product:
    return ensemble_product(churn)


@pytest.fixture(scope="module")
def files(product: Product, pair_files: Files) -> Files:
    return ensemble_files(product, pair_files)


@pytest.fixture
def directory(tmp_path: Path, product: Product, origin: BundleOrigin, files: Files) -> Path:
    path = tmp_path / "churn" / "3"
    write_bundle(path, origin=ensemble_origin(product, origin), files=files, fsync=False)
    return path


def flip(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def test_a_bundle_scores_the_calibrated_mean_of_its_members(directory: Path, files: Files) -> None:
    bundle = load_bundle(directory)
    matrix = rows(len(bundle.product.model_inputs))
    mean = mean_by_hand(scores_of([files[name] for name in MODELS], matrix), WEIGHTS)
    assert bundle.predictor.predict(matrix).tobytes() == mean.tobytes()
    assert bundle.calibration is not None
    assert score_matrix(bundle, matrix).score.tobytes() == bundle.calibration.apply(mean).tobytes()


def test_a_row_has_the_same_bits_alone_and_in_a_batch(directory: Path) -> None:
    bundle = load_bundle(directory)
    frame = frame_of(bundle.product, 40)
    together = score(bundle, frame)
    assert together.is_valid.all()
    for row in range(40):
        alone = score(bundle, {name: column[row : row + 1] for name, column in frame.items()})
        assert alone.score.tobytes() == together.score[row : row + 1].tobytes()
        assert alone.uncertainty.tobytes() == together.uncertainty[row : row + 1].tobytes()


def frame_of(product: Product, count: int) -> Frame:
    random = np.random.default_rng(3)
    names = (*product.stored_columns, *(field.name for field in product.request), *product.entity.row_keys)
    texts = text_columns(product)
    columns = {
        name: np.array(["13085"] * count, dtype=object) if name in texts else random.normal(size=count)
        for name in names
    }
    return {**columns, "event_at": np.full(count, 1.3e9)}


def test_the_manifest_tells_which_models_make_a_score_and_how_much_each_counts(directory: Path) -> None:
    manifest = read_manifest(directory)
    assert [(member.file, member.weight) for member in manifest.members] == list(zip(MODELS, WEIGHTS, strict=True))
    assert set(MODELS) < set(manifest.files)
    assert manifest.framework == "lightgbm"


def test_a_plain_mean_is_told_by_weights_of_one(
    tmp_path: Path, churn: Product, origin: BundleOrigin, pair_files: Files
) -> None:
    plain = ensemble_product(churn, weights=None)
    files = ensemble_files(plain, pair_files)
    write_bundle(tmp_path / "3", origin=ensemble_origin(plain, origin), files=files, fsync=False)
    bundle = load_bundle(tmp_path / "3")
    assert [member.weight for member in bundle.manifest.members] == [1.0, 1.0, 1.0]
    matrix = rows(len(plain.model_inputs))
    first, second, third = scores_of([files[name] for name in MODELS], matrix)
    assert bundle.predictor.predict(matrix).tobytes() == ((first + second + third) / 3.0).tobytes()


def test_the_bundle_of_a_single_model_says_nothing_of_members_and_keeps_its_digest(
    tmp_path: Path, origin: BundleOrigin, pair_files: Files
) -> None:
    manifest = write_bundle(tmp_path / "3", origin=origin, files=pair_files, fsync=False)
    assert b"members" not in encode_manifest(manifest)
    assert load_bundle(tmp_path / "3").digest == bundle_digest(manifest)


@pytest.mark.parametrize("name", MODELS)
def test_a_changed_byte_of_any_member_is_refused_by_its_name(directory: Path, name: str) -> None:
    flip(directory / name)
    with pytest.raises(DigestMismatchError, match=name):
        load_bundle(directory)


@pytest.mark.parametrize("name", MODELS)
def test_a_member_that_is_no_model_is_refused_by_its_name(
    tmp_path: Path, product: Product, origin: BundleOrigin, files: Files, name: str
) -> None:
    broken = {**files, name: files[name][: len(files[name]) // 2]}
    write_bundle(tmp_path / "3", origin=ensemble_origin(product, origin), files=broken, fsync=False)
    with pytest.raises(ModelUnusableError, match=rf"^{name} of the bundle cannot be used: it is not a complete"):
        load_bundle(tmp_path / "3")


def test_a_member_that_was_never_written_is_named(
    tmp_path: Path, product: Product, origin: BundleOrigin, files: Files
) -> None:
    fewer = {name: content for name, content in files.items() if name != MODELS[1]}
    write_bundle(tmp_path / "3", origin=ensemble_origin(product, origin), files=fewer, fsync=False)
    with pytest.raises(BundleError, match=r"model_2\.txt of the bundle cannot be used: it is missing"):
        load_bundle(tmp_path / "3")


def test_a_member_of_other_inputs_gives_no_score(
    tmp_path: Path, product: Product, origin: BundleOrigin, files: Files
) -> None:
    other = {**files, MODELS[2]: member_text(4, 3)}
    write_bundle(tmp_path / "3", origin=ensemble_origin(product, origin), files=other, fsync=False)
    bundle = load_bundle(tmp_path / "3")
    with pytest.raises(BundleError, match="it takes 4 inputs"):
        bundle.predictor.predict(rows(len(product.model_inputs), 5))


@pytest.mark.parametrize("told", [(), (BundleMember(file="model_1.txt", weight=1.0),)])
def test_a_manifest_that_tells_of_other_members_is_refused(
    tmp_path: Path, product: Product, origin: BundleOrigin, files: Files, told: tuple[BundleMember, ...]
) -> None:
    lying = msgspec.structs.replace(ensemble_origin(product, origin), members=told)
    write_bundle(tmp_path / "3", origin=lying, files=files, fsync=False)
    with pytest.raises(ModelUnusableError, match=r"bundle\.json .* than the 3 declared"):
        load_bundle(tmp_path / "3")
