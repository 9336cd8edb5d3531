"""The registry's record of a model version: what it is and was made from never changes, its standing does."""

import datetime as dt
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from platform_assets.contract.evaluation import Metric
from platform_assets.contract.product import Product
from platform_assets.inference.bundle_manifest import BundleManifest, Framework, bundle_digest
from platform_assets.ledger.artifacts import artifacts
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.models import Stage, get_model_version

FACTS = "model"  # the key in the details of a bundle's artifact


class ModelFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a model version is and was made from.

    `accuracy` is the `accuracy_metric` over all test rows, None where it is undefined; the other metrics stand beside
    it in the record. A name never holds a version.
    """

    model_id: str
    name: str
    version: int
    framework: Framework
    accuracy_metric: Metric
    accuracy: float | None
    training_date: dt.date
    artifact_uri: str
    model_size_bytes: int
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]
    hyperparameters: dict[str, str]
    training_set_digest: str
    code_version: str
    bundle_digest: str


class ModelRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One model version as the ledger knows it; `facts` is None for one that earlier code recorded without them."""

    product: str
    version: int
    stage: Stage
    created_at: dt.datetime
    approved_by: str | None
    approved_at: dt.datetime | None
    reason: str | None
    training_run_id: str
    accuracy_metrics: dict[str, Any]
    facts: ModelFacts | None


def model_facts(
    bundle: Path,
    manifest: BundleManifest,
    product: Product,
    *,
    hyperparameters: Mapping[str, str],
    metric: Metric,
    metrics: Mapping[str, float],
) -> ModelFacts:
    """Return the facts of a bundle that is on disk; the same bundle always has the same model id."""
    digest = bundle_digest(manifest)
    return ModelFacts(
        model_id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{manifest.product}/{manifest.model_version}/{digest}")),
        name=manifest.product,
        version=manifest.model_version,
        framework=manifest.framework,
        accuracy_metric=metric,
        accuracy=metrics.get(metric),
        training_date=manifest.created_at.date(),
        artifact_uri=bundle.absolute().as_uri(),
        model_size_bytes=sum(path.stat().st_size for path in bundle.iterdir()),
        input_schema=_input_schema(product),
        output_schema=_output_schema(product),
        hyperparameters=dict(hyperparameters),
        training_set_digest=manifest.training_set_digest,
        code_version=manifest.code_version,
        bundle_digest=digest,
    )


def model_record(ledger: Ledger, product: str, version: int) -> ModelRecord:
    """Return the record of a model version; raises UnknownRecordError."""
    known = get_model_version(ledger, product, version)
    made = [one.details.get(FACTS) for one in artifacts(ledger, "bundle", product) if one.digest == known.bundle_digest]
    told = made[0] if made else None
    return ModelRecord(
        product=product,
        version=version,
        stage=known.stage,
        created_at=known.created_at,
        approved_by=known.approved_by,
        approved_at=known.approved_at,
        reason=known.reason,
        training_run_id=known.training_run_id,
        accuracy_metrics=known.metrics,
        facts=msgspec.convert(told, ModelFacts) if told is not None else None,
    )


def _input_schema(product: Product) -> dict[str, Any]:
    return {
        "row_keys": list(product.entity.row_keys),
        "request": [
            {
                "name": field.name,
                "type": field.type,
                "low": field.low,
                "high": field.high,
                "required": field.is_required,
            }
            for field in product.request
        ],
        "stored": list(product.stored_columns),
        "features": list(product.model_inputs),
    }


def _output_schema(product: Product) -> dict[str, Any]:
    score = product.score
    return {
        "version": score.schema_version,
        "kind": score.kind,
        "low": score.low,
        "high": score.high,
        "unit": score.unit,
        "classes": list(score.classes),
        "labels": [score.threshold.below, score.threshold.at_or_above] if score.threshold else [],
    }
