"""A model version is trained again from its records: the same configuration and rows give the same files."""

import datetime as dt
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from platform_assets.code_version import code_version
from platform_assets.contract.datasets import DATASETS
from platform_assets.errors import InputsUnusableError
from platform_assets.features.content_digest import content_digest
from platform_assets.inference.bundle import Bundle, load_bundle
from platform_assets.inference.bundle_manifest import FEATURES_FILE, BundleManifest
from platform_assets.inference.pair import PRODUCT_FILE
from platform_assets.ledger.artifacts import Artifact, artifact_id, get_artifact
from platform_assets.ledger.database import Ledger
from platform_assets.registry.versions import bundle_dir
from platform_assets.settings import Settings
from platform_assets.training.candidates import Judgement, read_judgement
from platform_assets.training.evaluation import Evaluation
from platform_assets.training.examples import read_examples
from platform_assets.training.packages import package_versions
from platform_assets.training.train import Trained, train_product

if TYPE_CHECKING:
    import pyarrow as pa

# What training is given and does not learn: it is copied into the bundle.
_GIVEN = frozenset({FEATURES_FILE, PRODUCT_FILE})


class FileComparison(msgspec.Struct, frozen=True, kw_only=True):
    """The sha256 of one file of a bundle, as recorded and as trained again."""

    name: str
    recorded: str
    retrained: str
    is_same: bool


class Retrained(msgspec.Struct, frozen=True, kw_only=True):
    """A model version that was trained again.

    `is_identical` tells that every file that training makes is the same to the byte; `is_same_bundle` that the whole
    bundle is, its manifest included; `same_measurements` that its evaluation came out the same. `note` names what has
    changed since and may explain a difference: the code, the packages.
    """

    product: str
    model_version: int
    is_identical: bool
    is_same_bundle: bool
    same_measurements: bool
    files: tuple[FileComparison, ...]
    note: str


def retrain(settings: Settings, ledger: Ledger, product: str, model_version: int) -> Retrained:
    """Train a version again in a directory of its own; nothing that is registered changes.

    Raises NotMaterializedError for a version without bundle or judgement, BundleError for a damaged bundle,
    UnknownRecordError for a training set that nobody recorded and InputsUnusableError for one that is gone or changed.
    """
    bundle = load_bundle(bundle_dir(settings, product, model_version))
    judgement = read_judgement(bundle.directory)
    recorded = get_artifact(ledger, artifact_id("training_set", product, bundle.manifest.training_set_digest))
    with tempfile.TemporaryDirectory(prefix="retrain-") as scratch:
        trained = _train(settings, bundle, judgement, recorded, Path(scratch) / "bundle")
    files = _compare(bundle.manifest, trained.manifest)
    return Retrained(
        product=product,
        model_version=model_version,
        is_identical=all(file.is_same for file in files if file.name not in _GIVEN),
        is_same_bundle=trained.manifest == bundle.manifest,
        same_measurements=_written(trained.evaluation) == _written(judgement.evaluation),
        files=files,
        note=_changes_since(bundle.manifest, judgement),
    )


def _train(settings: Settings, bundle: Bundle, judgement: Judgement, recorded: Artifact, directory: Path) -> Trained:
    manifest = bundle.manifest
    return train_product(
        bundle.product,
        _recorded_examples(recorded),
        trained_at=manifest.created_at,
        run_id=manifest.training_run_id,
        code_version=manifest.code_version,
        training_set_digest=manifest.training_set_digest,
        model_version=manifest.model_version,
        known_until=judgement.known_until or _known_then(settings, bundle),
        features_json=bundle.features,
        directory=directory,
        fsync=False,
    )


def _recorded_examples(recorded: Artifact) -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415 - heavy

    try:
        examples = read_examples(recorded)
    except (pa.ArrowException, OSError) as error:
        raise InputsUnusableError(path=recorded.uri, problem=f"it cannot be read ({error})") from error
    digest = content_digest(examples)
    if digest != recorded.digest:
        raise InputsUnusableError(path=recorded.uri, problem=f"its rows have digest {digest}, not {recorded.digest}")
    return examples


def _known_then(settings: Settings, bundle: Bundle) -> dt.datetime:
    """Return the business time at which a version was trained that did not record it."""
    pinned = DATASETS[bundle.product.dataset].replay_now
    return settings.clock.now(pinned=pinned, wall=bundle.manifest.created_at)


def _compare(recorded: BundleManifest, retrained: BundleManifest) -> tuple[FileComparison, ...]:
    names = sorted({*recorded.files, *retrained.files})
    digests = [(name, recorded.files.get(name, "none"), retrained.files.get(name, "none")) for name in names]
    return tuple(
        FileComparison(name=name, recorded=then, retrained=now, is_same=then == now) for name, then, now in digests
    )


def _written(evaluation: Evaluation) -> bytes:
    return msgspec.json.encode(evaluation)  # as it is kept: there NaN equals NaN


def _changes_since(manifest: BundleManifest, judgement: Judgement) -> str:
    changes = []
    if manifest.code_version != code_version():
        changes.append(f"code {manifest.code_version} then, {code_version()} now")
    changes += [
        f"{name} {judgement.packages[name]} then, {now} now"
        for name, now in package_versions().items()
        if judgement.packages.get(name, now) != now
    ]
    return "; ".join(changes)
