"""From a training set to a registered candidate: one run, one pair, one version; repeating it makes nothing new."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from platform_assets.contract.compile import product_digest
from platform_assets.contract.product import Product
from platform_assets.errors import NotMaterializedError
from platform_assets.inference.bundle import read_manifest
from platform_assets.inference.bundle_manifest import BundleManifest, bundle_digest
from platform_assets.inference.durable import write_file
from platform_assets.ledger.artifacts import Artifact
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.manifest import record
from platform_assets.ledger.models import record_model_version
from platform_assets.ledger.recalls import require_sound
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.registry.model_record import FACTS, ModelFacts, model_facts
from platform_assets.registry.model_tags import tag_model
from platform_assets.registry.pair import OpenRun, RegisteredPair, RunRecord, open_run, record_run, register_pair
from platform_assets.registry.versions import (
    TrainingKey,
    bundle_dir,
    find_version,
    judgement_path,
    latest_version,
    next_version,
)
from platform_assets.settings import Settings
from platform_assets.training.evaluation import Evaluation
from platform_assets.training.examples import known_until, newest_training_set, read_examples
from platform_assets.training.gates import GateResult
from platform_assets.training.metrics import primary_metric
from platform_assets.training.moving_split import as_made
from platform_assets.training.packages import package_versions
from platform_assets.training.smoke import KnownScore
from platform_assets.training.train import train_product

if TYPE_CHECKING:
    import pyarrow as pa

_EXAMPLE_ROWS = 5


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured for a candidate and what the gates say; kept beside its bundle.

    `known` are the examples of its smoke test, with the scores of the run that trained it. `known_until` is the
    business time up to which labels counted, and `packages` are the versions of what trained: with the bundle and its
    training set they are all that training again needs.
    """

    evaluation: Evaluation
    gates: list[GateResult]
    parameters: dict[str, str]
    known: list[KnownScore] = msgspec.field(default_factory=list)
    known_until: dt.datetime | None = None
    packages: dict[str, str] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trained and registered pair, released or not."""

    manifest: BundleManifest
    bundle: Path
    artifact: str
    is_new: bool

    @property
    def digest(self) -> str:
        """The digest of the bundle."""
        return bundle_digest(self.manifest)


def train_candidate(settings: Settings, ledger: Ledger, product: Product, facts: RunFacts) -> Candidate:
    """Train the newest training set of a product, or find the pair that was trained from it by the same code.

    A run that was killed is completed: bundle, judgement and registration are each made once. Raises RecalledError.
    """
    training_set = newest_training_set(ledger, product)
    product = as_made(product, training_set)
    require_sound(ledger, [training_set.artifact_id])
    key = TrainingKey(training_set.digest, product_digest(product), facts.code_version)
    known = find_version(settings, product.name, key)
    version = known or next_version(settings, product.name)
    run = open_run(settings, product.name, version)
    examples = read_examples(training_set)
    bundle = bundle_dir(settings, product.name, version)
    if known is None or not judgement_path(bundle).exists():
        _train(settings, product, examples, _Origin(training_set, key, version, run, bundle), facts)
    judgement = read_judgement(bundle)
    manifest = read_manifest(bundle)
    _register(settings, product, run, manifest, bundle, examples.slice(0, _EXAMPLE_ROWS), judgement)
    told = _facts_of(product, bundle, manifest, judgement)
    tag_model(settings, told)
    artifact = _record(ledger, facts, manifest, bundle, training_set, judgement, told)
    return Candidate(manifest, bundle, artifact, is_new=known is None)


def candidate_version(settings: Settings, ledger: Ledger, product: Product, facts: RunFacts) -> int:
    """Return the version of the pair that the newest training set gives; raises NotMaterializedError without a pair.

    It need not be the highest number: after a declaration was changed and changed back, an earlier pair is meant. When
    the code has changed since it was trained, the last trained pair is taken.
    """
    training_set = newest_training_set(ledger, product)
    key = TrainingKey(training_set.digest, product_digest(as_made(product, training_set)), facts.code_version)
    version = find_version(settings, product.name, key) or latest_version(settings, product.name)
    if version is None:
        raise NotMaterializedError(what=f"a model of {product.name}", asset=f"{product.name}/model")
    return version


def read_judgement(bundle: Path) -> Judgement:
    """Return what was measured for a candidate when it was trained.

    Raises NotMaterializedError when its run died before it was measured; the same training set completes it.
    """
    path = judgement_path(bundle)
    if not path.exists():
        raise NotMaterializedError(what=f"the judgement {path}", asset=f"{bundle.parent.name}/model")
    return msgspec.json.decode(path.read_bytes(), type=Judgement)


@dataclass(frozen=True, slots=True)
class _Origin:
    training_set: Artifact
    key: TrainingKey
    version: int
    run: OpenRun
    bundle: Path


def _train(settings: Settings, product: Product, examples: "pa.Table", origin: _Origin, facts: RunFacts) -> None:
    from platform_assets.features.snapshot import feature_manifest  # noqa: PLC0415 - imports pyarrow and DuckDB

    counted_until = known_until(settings, product, facts)
    trained = train_product(
        product,
        examples,
        # The instant at which the run began: a repeated run writes the same bundle to the byte.
        trained_at=origin.run.started_at,
        run_id=origin.run.run_id,
        code_version=facts.code_version,
        training_set_digest=origin.training_set.digest,
        model_version=origin.version,
        known_until=counted_until,
        features_json=msgspec.json.encode(feature_manifest(settings, product), order="deterministic"),
        directory=origin.bundle,
        fsync=settings.fsync,
    )
    judgement = Judgement(
        evaluation=trained.evaluation,
        gates=trained.gates,
        parameters=trained.parameters,
        known=trained.known,
        known_until=counted_until,
        packages=package_versions(),
    )
    write_file(judgement_path(origin.bundle), msgspec.json.encode(judgement), fsync=settings.fsync)


def _register(
    settings: Settings,
    product: Product,
    run: OpenRun,
    manifest: BundleManifest,
    bundle: Path,
    example: "pa.Table",
    judgement: Judgement,
) -> None:
    record_run(
        settings,
        run.run_id,
        RunRecord(
            metrics=judgement.evaluation.metrics(),
            parameters={**judgement.parameters, "model_version": str(manifest.model_version)},
            tags={
                "training_set_digest": manifest.training_set_digest,
                "code_version": manifest.code_version,
                "bundle_digest": bundle_digest(manifest),
                "feature_version": manifest.feature_version,
            },
        ),
    )
    pair = RegisteredPair(product.name, run.run_id, manifest.model_version, bundle)
    register_pair(settings, pair, example.drop_columns(["row_id", "as_of", "label"]).to_pandas())


def _facts_of(product: Product, bundle: Path, manifest: BundleManifest, judgement: Judgement) -> ModelFacts:
    return model_facts(
        bundle,
        manifest,
        product,
        hyperparameters=judgement.parameters,
        metric=primary_metric(product),
        metrics=judgement.evaluation.metrics(),
    )


def _record(
    ledger: Ledger,
    facts: RunFacts,
    manifest: BundleManifest,
    bundle: Path,
    training_set: Artifact,
    judgement: Judgement,
    told: ModelFacts,
) -> str:
    record_model_version(
        ledger,
        product=manifest.product,
        version=manifest.model_version,
        bundle_digest=bundle_digest(manifest),
        training_run_id=manifest.training_run_id,
        metrics=judgement.evaluation.metrics(),
        gates=[msgspec.structs.asdict(gate) for gate in judgement.gates],
        created_at=manifest.created_at,
    )
    return record(
        ledger,
        facts,
        kind="bundle",
        name=manifest.product,
        digest=bundle_digest(manifest),
        uri=str(bundle),
        inputs=[training_set.artifact_id],
        details={
            "model_version": manifest.model_version,
            "mlflow_run": manifest.training_run_id,
            FACTS: msgspec.to_builtins(told),
        },
    )
