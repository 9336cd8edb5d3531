"""Model versions: what the registry holds, with gates and approval, for audits that outlive the registry."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import JSON, Column, Integer, String, Table, select

from platform_assets.errors import RecordConflictError, UnknownRecordError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.tables import METADATA, UtcInstant

# dev: trained; staging: approved, not in force yet; production: in force; deprecated: was in force, the way back is
# short; archived: rejected, or gone for longer than it was kept. Approval and rejection are decisions of their own.
Stage = Literal["dev", "staging", "production", "deprecated", "archived"]

MODEL_VERSIONS = Table(
    "model_versions",
    METADATA,
    Column("product", String, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("bundle_digest", String, nullable=False),
    Column("training_run_id", String, nullable=False),
    Column("metrics", JSON, nullable=False),
    Column("gates", JSON, nullable=False),
    Column("stage", String, nullable=False),
    Column("approved_by", String),
    Column("approved_at", UtcInstant),
    Column("reason", String),
    Column("created_at", UtcInstant, nullable=False),
)


class ModelVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One trained pair of a product; approval names who and why."""

    product: str
    version: int
    bundle_digest: str
    training_run_id: str
    metrics: dict[str, Any]
    gates: list[dict[str, Any]]
    stage: Stage
    approved_by: str | None
    approved_at: dt.datetime | None
    reason: str | None
    created_at: dt.datetime


def record_model_version(  # noqa: PLR0913 - a model version has that many facts
    ledger: Ledger,
    *,
    product: str,
    version: int,
    bundle_digest: str,
    training_run_id: str,
    metrics: Mapping[str, Any],
    gates: Sequence[Mapping[str, Any]],
    created_at: dt.datetime,
    stage: Stage = "dev",
) -> ModelVersion:
    """Record a model version once; a repeat returns what is there.

    Raises RecordConflictError when the version is there with another bundle.
    """
    with ledger.transaction() as connection:
        found = find_model_version(ledger, product, version)
        if found is None:
            connection.execute(
                MODEL_VERSIONS.insert().values(
                    product=product,
                    version=version,
                    bundle_digest=bundle_digest,
                    training_run_id=training_run_id,
                    metrics=dict(metrics),
                    gates=[dict(gate) for gate in gates],
                    stage=stage,
                    created_at=created_at,
                )
            )
            return get_model_version(ledger, product, version)
    if found.bundle_digest != bundle_digest:
        problem = f"its bundle is {found.bundle_digest}, not {bundle_digest}"
        raise RecordConflictError(kind="model version", key=f"{product} {version}", problem=problem)
    return found


def approve_model_version(
    ledger: Ledger, product: str, version: int, *, approved_by: str, approved_at: dt.datetime, reason: str
) -> ModelVersion:
    """Record who approved a version and why, and bring it from dev to staging; the first approval stays.

    Raises UnknownRecordError.
    """
    with ledger.transaction() as connection:
        found = get_model_version(ledger, product, version)
        if found.approved_by is None:
            connection.execute(
                MODEL_VERSIONS.update()
                .where(MODEL_VERSIONS.c.product == product, MODEL_VERSIONS.c.version == version)
                .values(approved_by=approved_by, approved_at=approved_at, reason=reason)
            )
        if found.stage == "dev":
            set_stage(ledger, product, version, "staging")
        return get_model_version(ledger, product, version)


def set_stage(ledger: Ledger, product: str, version: int, stage: Stage, *, kept: Collection[int] = ()) -> ModelVersion:
    """Move a version to a stage; with a new one in production, the one before is deprecated in the same transaction.

    Those that were deprecated earlier are archived, but for the `kept` ones. Raises UnknownRecordError.
    """
    with ledger.transaction() as connection:
        found = get_model_version(ledger, product, version)
        of_product = MODEL_VERSIONS.update().where(MODEL_VERSIONS.c.product == product)
        if stage == "production" and found.stage != "production":
            old = of_product.where(MODEL_VERSIONS.c.stage == "deprecated", MODEL_VERSIONS.c.version.not_in(kept))
            connection.execute(old.values(stage="archived"))
            connection.execute(of_product.where(MODEL_VERSIONS.c.stage == stage).values(stage="deprecated"))
        connection.execute(of_product.where(MODEL_VERSIONS.c.version == version).values(stage=stage))
        return get_model_version(ledger, product, version)


def get_model_version(ledger: Ledger, product: str, version: int) -> ModelVersion:
    """Return a model version; raises UnknownRecordError."""
    found = find_model_version(ledger, product, version)
    if found is None:
        remedy = f"materialize {product}/model, or take one that is listed"
        raise UnknownRecordError(kind="model version", key=f"{product} {version}", remedy=remedy)
    return found


def find_model_version(ledger: Ledger, product: str, version: int) -> ModelVersion | None:
    """Return a model version or None."""
    wanted = select(MODEL_VERSIONS).where(MODEL_VERSIONS.c.product == product, MODEL_VERSIONS.c.version == version)
    with ledger.reading() as connection:
        row = connection.execute(wanted).mappings().first()
    return ModelVersion(**row) if row else None


def model_versions(ledger: Ledger, product: str) -> list[ModelVersion]:
    """Return all versions of a product, oldest first."""
    wanted = select(MODEL_VERSIONS).where(MODEL_VERSIONS.c.product == product).order_by(MODEL_VERSIONS.c.version)
    with ledger.reading() as connection:
        return [ModelVersion(**row) for row in connection.execute(wanted).mappings()]
