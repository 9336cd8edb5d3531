"""The model behind a prediction: what it was trained on and how, how good it is, who approved it and why."""

from collections.abc import Mapping
from typing import Any

import msgspec

from platform_assets.audit.trace import TraceNode, nodes_of
from platform_assets.contract.compile import read_product
from platform_assets.contract.product import Product
from platform_assets.errors import BundleError, NotMaterializedError
from platform_assets.inference.bundle import read_manifest
from platform_assets.inference.pair import PRODUCT_FILE
from platform_assets.inference.release import read_release
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.models import find_model_version
from platform_assets.registry.model_record import FACTS
from platform_assets.settings import Settings


class ModelEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """One model version as it was released. `configuration` and `metrics` are those of its training run."""

    version: int
    release_id: str
    bundle_digest: str
    framework: str
    code_version: str
    training_run: str
    trained_at: str
    training_set: dict[str, str]
    configuration: dict[str, str]
    metrics: dict[str, Any]
    gates: tuple[str, ...]
    approved_by: str
    approved_at: str
    approval_reason: str


def model_evidence(
    settings: Settings, ledger: Ledger, chain: TraceNode
) -> tuple[ModelEvidence | None, Product | None, list[str]]:
    """Return the model of a chain, the declaration that it was released with, and what cannot be told any more."""
    nodes = {node.kind: node for node in nodes_of(chain)}
    release, bundle = nodes.get("release"), nodes.get("bundle")
    if release is None or bundle is None:
        return None, None, ["model: no release stands in the chain"]
    try:
        document = read_release(settings.releases_dir, release.facts["name"], release.digest)
        manifest = read_manifest(settings.home / document.bundle_path)
        declared = read_product((settings.home / document.bundle_path / PRODUCT_FILE).read_bytes())
    except (BundleError, NotMaterializedError, OSError, msgspec.DecodeError) as error:
        return None, None, [f"model and meaning: release {release.digest} cannot be read ({error})"]
    known = find_model_version(ledger, document.product, document.model_version)
    told: Mapping[str, Any] = bundle.details.get(FACTS, {})
    model = ModelEvidence(
        version=document.model_version,
        release_id=document.release_id,
        bundle_digest=document.bundle_digest,
        framework=manifest.framework,
        code_version=manifest.code_version,
        training_run=manifest.training_run_id,
        trained_at=manifest.created_at.isoformat(timespec="seconds"),
        training_set=_training_set(nodes.get("training_set")),
        configuration={**_recipe(declared), **told.get("hyperparameters", {})},
        metrics=known.metrics if known else {},
        gates=tuple(_gate(gate) for gate in known.gates) if known else (),
        approved_by=(known.approved_by if known else None) or "unknown",
        approved_at=known.approved_at.isoformat(timespec="seconds") if known and known.approved_at else "unknown",
        approval_reason=(known.reason if known else None) or document.reason,
    )
    missing = [] if known else [f"metrics and approval: the ledger has no version {document.model_version}"]
    return model, declared, missing


def _training_set(node: TraceNode | None) -> dict[str, str]:
    if node is None:
        return {}
    wanted = ("rows", "cutoff", "uri", "created_at", "run_id")
    return {"id": node.id, "sha256": node.digest, **{name: node.facts[name] for name in wanted if name in node.facts}}


def _recipe(product: Product) -> dict[str, str]:
    recipe = msgspec.to_builtins(product.recipe)
    told = {f"recipe.{name}": str(value) for name, value in recipe.items() if value not in (None, [], {})}
    split = {f"split.{name}": str(value) for name, value in msgspec.to_builtins(product.split).items()}
    return {"recipe": type(product.recipe).__name__, **told, **split, "label": product.label.description}


def _gate(gate: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in gate.items() if value is not None)
