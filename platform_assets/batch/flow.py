"""The five steps of a batch: load the snapshot, apply the pinned bundle, predict, check, persist (R071-R078).

Each step is idempotent and logged; a run that is killed anywhere ends in the same published rows when repeated.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from platform_assets.batch.chunks import ChunkScorer, ScoredBatch, keep_scored
from platform_assets.batch.due import require_begun, require_not_overtaken
from platform_assets.batch.guarding.gather import gather
from platform_assets.batch.guarding.judge import judge_batch
from platform_assets.batch.guarding.result import GuardrailResult
from platform_assets.batch.inputs import BatchInputs, load_inputs
from platform_assets.batch.output_versions import require_unbroken
from platform_assets.batch.publication import (
    BatchRun,
    Published,
    publish_batch,
    refuse_batch,
    stage_batch,
)
from platform_assets.batch.ray_scoring import require_ray, score_on_ray
from platform_assets.batch.rows import BatchIdentity, with_digest
from platform_assets.batch.scratch import scratch
from platform_assets.contract.product import Product
from platform_assets.errors import FeaturesChangedError, GuardrailRefusedError, NoReleaseError, VersionNotLiveError
from platform_assets.features.memory_database import Bounds
from platform_assets.features.snapshot import feature_manifest
from platform_assets.features.sources import source_artifacts
from platform_assets.inference.bundle import Bundle, load_bundle
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.release import Release, read_release
from platform_assets.lakehouse.stage import discard
from platform_assets.lakehouse.staged_rows import StagedRows
from platform_assets.ledger.artifacts import artifact_id
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.manifest import record
from platform_assets.ledger.publications import Publication, current_publication
from platform_assets.ledger.recalls import require_sound
from platform_assets.online.layout import Manifest
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

LOG = logging.getLogger("platform.batch")


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What a batch is scored from, and what its as-of showed before that was read."""

    inputs: BatchInputs
    artifact: str
    shown: Publication | None
    bounds: Bounds


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """A batch and what became of it: published, or in quarantine."""

    run: BatchRun
    rows: int
    input_artifact: str
    guardrails: list[GuardrailResult]
    published: Published | None
    quarantine: str | None

    def refusal(self) -> GuardrailRefusedError:
        """Return the error that says which guardrails refused the batch, where it lies and what stays."""
        failures = "; ".join(str(result) for result in self.guardrails if not result.is_passed)
        return GuardrailRefusedError(
            product=self.run.product.name, as_of=self.run.day, failures=failures, quarantine=str(self.quarantine)
        )


def run_batch(settings: Settings, ledger: Ledger, run: BatchRun) -> BatchOutcome:
    """Score one as-of with one release and publish it, or put it in quarantine; what was published before stays.

    Before anything is scored it raises RecalledError, where the release or the inputs were made from something
    recalled, FutureAsOfError, and ContractBrokenError, where consumers of the output's version could not go on;
    afterwards ConcurrentCommitError, where another run has published another batch of this as-of meanwhile.
    """
    require_begun(settings, run)
    if settings.batch.engine == "ray":
        require_ray()  # before anything is read
    shown = current_publication(ledger, run.product.name, run.day)
    bundle = load_bundle(settings.home / run.release.bundle_path, expected_digest=run.release.bundle_digest)
    _require_same_features(settings, bundle)
    require_unbroken(settings, ledger, run, bundle.product)
    with scratch(settings) as directory:
        bounds = Bounds(settings.batch.memory_mib, directory)
        # The declaration in the bundle, not today's file, says what this release reads.
        inputs = load_inputs(settings, bundle.product, run.as_of, bounds)
        input_artifact = _record_inputs(ledger, run, inputs)
        require_sound(ledger, [input_artifact, artifact_id("release", run.product.name, run.release.release_id)])
        LOG.info("step 1 of 5, load: %d rows, %s", inputs.num_rows, input_artifact)
        LOG.info(
            "step 2 of 5, pinned bundle: version %d, %s", run.release.model_version, run.release.bundle_digest[:16]
        )
        batch = _predict(settings, run, bundle, inputs, input_artifact, bounds)
        LOG.info("step 3 of 5, predict: %d scores", batch.num_rows)
        return _check_and_persist(settings, ledger, run, batch, _Loaded(inputs, input_artifact, shown, bounds))


def release_to_score(settings: Settings, product: Product, model_version: int) -> Release:
    """Return the release in force; raises NoReleaseError without one, VersionNotLiveError for another version.

    A batch is asked for by model version; scoring with a version that is no longer in force would publish it.
    """
    live = read_live(settings.releases_dir, product.name)
    if live is None:
        raise NoReleaseError(product=product.name)
    release = read_release(settings.releases_dir, product.name, live.release_id)
    if release.model_version != model_version:
        raise VersionNotLiveError(product=product.name, asked=model_version, live=release.model_version)
    return release


def _require_same_features(settings: Settings, bundle: Bundle) -> None:
    """Raise FeaturesChangedError when the stored features no longer mean what the bundle was trained on."""
    trained = msgspec.json.decode(bundle.features, type=Manifest)
    stored = feature_manifest(settings, bundle.product)
    if stored.schema_hash != trained.schema_hash:
        raise FeaturesChangedError(product=bundle.product.name, trained=trained.schema_hash, stored=stored.schema_hash)


def _check_and_persist(
    settings: Settings, ledger: Ledger, run: BatchRun, batch: ScoredBatch, loaded: _Loaded
) -> BatchOutcome:
    digest = batch.digest
    staged = stage_batch(settings, run, (with_digest(part, digest) for part in batch.rows.parts()))
    # What is judged is what lies in the files, not what was meant to be written.
    evidence = gather(settings, ledger, run, StagedRows(staged), loaded.inputs.rows, bounds=loaded.bounds)
    results = judge_batch(evidence)
    failures = [result for result in results if not result.is_passed]
    unsound = [result for result in results if result.level != "pass"]
    LOG.info("step 4 of 5, check: %s", "; ".join(map(str, unsound)) or "all guardrails hold")
    if failures:
        discard(staged)
        path = refuse_batch(settings, ledger, run, batch.rows, failures, digest=digest)
        LOG.warning("step 5 of 5, persist: in quarantine at %s", path)
        return BatchOutcome(run, batch.num_rows, loaded.artifact, results, None, str(path))
    require_not_overtaken(settings, ledger, run, staged, shown=loaded.shown, digest=digest)
    verdicts = [result.as_reason() for result in results]
    published = publish_batch(
        settings, ledger, run, staged, digest=digest, input_artifact=loaded.artifact, guardrails=verdicts
    )
    LOG.info("step 5 of 5, persist: revision %d, new: %s", published.record.revision, published.is_new)
    return BatchOutcome(run, batch.num_rows, loaded.artifact, results, published, None)


def _predict(
    settings: Settings, run: BatchRun, bundle: Bundle, inputs: BatchInputs, input_artifact: str, bounds: Bounds
) -> ScoredBatch:
    identity = BatchIdentity(
        as_of=run.as_of,
        release=run.release,
        training_run_id=bundle.manifest.training_run_id,
        feature_version=bundle.manifest.feature_version,
        input_artifact=input_artifact,
        run_id=run.facts.run_id,
        predicted_at=run.facts.at,
    )
    parts = _scored(settings, bundle, identity, inputs.rows.parts(settings.batch.chunk_rows))
    return keep_scored(bounds.directory / "scored.parquet", parts, identity, bounds)


def _scored(
    settings: Settings, bundle: Bundle, identity: BatchIdentity, parts: "Iterable[pa.Table]"
) -> "Iterable[pa.Table]":
    if settings.batch.engine == "ray":
        return score_on_ray(bundle, identity, parts, workers=settings.batch.workers)
    return map(ChunkScorer(bundle, identity).score, parts)


def _record_inputs(ledger: Ledger, run: BatchRun, inputs: BatchInputs) -> str:
    return record(
        ledger,
        run.facts,
        kind="batch_input",
        name=run.product.name,
        digest=inputs.digest,
        uri=str(inputs.path),
        inputs=source_artifacts(ledger, run.product),
        details={"as_of": run.day, "rows": inputs.num_rows},
    )
