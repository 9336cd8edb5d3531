"""The evaluation of the newest candidate, as a recorded artifact and as a table that people read."""

import hashlib
from dataclasses import dataclass

import msgspec

from platform_assets.contract.product import Product
from platform_assets.inference.bundle import read_manifest
from platform_assets.inference.bundle_manifest import bundle_digest
from platform_assets.ledger.artifacts import artifact_id
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.manifest import record
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.registry.versions import bundle_dir
from platform_assets.settings import Settings
from platform_assets.training.acceptance import examine
from platform_assets.training.candidates import Judgement, candidate_version, read_judgement
from platform_assets.training.evaluation import Measurement


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """What was measured for a model version; `digest` changes with any number of it."""

    model_version: int
    digest: str
    artifact: str
    judgement: Judgement


def report_newest(settings: Settings, ledger: Ledger, product: Product, facts: RunFacts) -> EvaluationReport:
    """Record and return the evaluation of the newest candidate; raises NotMaterializedError without one."""
    version = candidate_version(settings, ledger, product, facts)
    bundle = bundle_dir(settings, product.name, version)
    manifest = read_manifest(bundle)
    # The digest is of what was measured in training: the gates of an approval change with the champion.
    digest = hashlib.sha256(msgspec.json.encode(read_judgement(bundle), order="deterministic")).hexdigest()
    judgement = examine(settings, ledger, product, version)
    artifact = record(
        ledger,
        facts,
        kind="evaluation",
        name=product.name,
        digest=digest,
        uri=str(bundle),
        inputs=[artifact_id("bundle", product.name, bundle_digest(manifest))],
        details={"model_version": version, "gates": [str(gate) for gate in judgement.gates]},
    )
    return EvaluationReport(version, digest, artifact, judgement)


def as_markdown(judgement: Judgement) -> str:
    """Return the measurements as a table: one row per slice, metric and scorer, with 95 % intervals."""
    evaluation = judgement.evaluation
    head = "| slice | metric | scorer | value | 95 % interval | rows |\n|---|---|---|---|---|---|\n"
    body = "\n".join(_row(measurement) for measurement in evaluation.measurements)
    counts = f"\n\n{evaluation.train_rows} training rows, {evaluation.test_rows} test rows."
    calibration = evaluation.calibration
    if calibration is not None:
        counts += (
            f" Calibration error {calibration.error_before:.4f} before and {calibration.error_after:.4f} after; "
            f"Brier score {calibration.brier_before:.4f} and {calibration.brier_after:.4f}."
        )
    return head + body + counts


def _row(measurement: Measurement) -> str:
    interval = (
        ""
        if measurement.low is None or measurement.high is None
        else (f"{measurement.low:.4f} to {measurement.high:.4f}")
    )
    value = "not defined" if measurement.value is None else f"{measurement.value:.4f}"
    return (
        f"| {measurement.slice} | {measurement.metric} | {measurement.scorer} | {value} | {interval} "
        f"| {measurement.rows} |"
    )
