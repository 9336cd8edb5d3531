"""What a model card tells of a release, gathered from its bundle, its judgement and the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import msgspec

from platform_assets.consumers import readers_of
from platform_assets.contract.compile import read_product
from platform_assets.contract.consumers import Consumer, Reading
from platform_assets.contract.product import Product
from platform_assets.errors import NoReleaseError, UnknownFeatureViewError, UnknownRecordError
from platform_assets.features.view_contracts import load_views
from platform_assets.inference.bundle import read_manifest
from platform_assets.inference.bundle_manifest import BundleManifest
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.release import Release, read_release
from platform_assets.ledger.artifacts import Artifact, artifact_id, get_artifact
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Decision, decisions, model_version_subject
from platform_assets.ledger.incidents import Incident, IncidentState, incidents
from platform_assets.settings import Settings
from platform_assets.training.candidates import Judgement, read_judgement
from platform_assets.training.gates import GateResult

_MOST_INCIDENTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureTold:
    """One input of the model: where it comes from and what it means, in the words of its declaration."""

    name: str
    source: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """All that a card shows. `product` is the declaration that the release was made of, not today's file.

    `gates` are those of the approval, with the numbers of that day, or those of the training where nobody approved yet.
    `incidents` are those of the product, the newest first.
    """

    product: Product
    release: Release
    manifest: BundleManifest
    judgement: Judgement
    gates: Sequence[GateResult]
    is_in_force: bool
    training_set: Artifact | None
    decisions: Sequence[Decision]
    features: Sequence[FeatureTold]
    readers: Sequence[tuple[Consumer, Reading]]
    incidents: Sequence[Incident]


def card_of(settings: Settings, ledger: Ledger, product: Product, release_id: str | None = None) -> ModelCard:
    """Return the card of a release, by default of the one in force.

    Raises NoReleaseError for an unknown one, NotMaterializedError where its bundle or its judgement is gone.
    """
    live = read_live(settings.releases_dir, product.name)
    wanted = release_id or (live.release_id if live else None)
    if wanted is None:
        raise NoReleaseError(product=product.name)
    release = read_release(settings.releases_dir, product.name, wanted)
    bundle = settings.home / release.bundle_path
    manifest, judgement = read_manifest(bundle), read_judgement(bundle)
    declared = read_product((bundle / "product.json").read_bytes())
    decided = decisions(ledger, "model_version", model_version_subject(product.name, release.model_version))
    return ModelCard(
        product=declared,
        release=release,
        manifest=manifest,
        judgement=judgement,
        gates=_gates(decided) or judgement.gates,
        is_in_force=live is not None and live.release_id == wanted,
        training_set=_training_set(ledger, product.name, manifest),
        decisions=decided,
        features=_features(settings, declared),
        readers=readers_of(product.name),
        incidents=_incidents(ledger, product.name),
    )


def _gates(decided: Sequence[Decision]) -> list[GateResult]:
    told = [one.evidence.get("gates", []) for one in decided if one.verdict == "approved"]
    return msgspec.convert(told[-1], list[GateResult]) if told else []


def _training_set(ledger: Ledger, product: str, manifest: BundleManifest) -> Artifact | None:
    try:
        return get_artifact(ledger, artifact_id("training_set", product, manifest.training_set_digest))
    except UnknownRecordError:  # a release that was brought in from another platform
        return None


def _features(settings: Settings, product: Product) -> list[FeatureTold]:
    told = _stored(settings, product)
    told |= {field.name: ("with the request", field.description) for field in product.request}
    told |= {feature.name: (f"computed: {feature.operation}", feature.description) for feature in product.on_demand}
    return [FeatureTold(name=name, source=source, meaning=text) for name, (source, text) in told.items()]


def _stored(settings: Settings, product: Product) -> dict[str, tuple[str, str]]:
    """Return source and meaning of each stored feature; one whose view is gone by now is named without a meaning."""
    try:
        views: Mapping[str, Mapping[str, str]] = {
            view.name: {column.name: column.description for column in view.columns}
            for view in load_views(settings.project_root).values()
        }
    except (UnknownFeatureViewError, OSError):
        views = {}
    return {
        column: (use.view, views.get(use.view, {}).get(column, ""))
        for use in product.features.views
        for column in use.columns
    }


def _incidents(ledger: Ledger, product: str) -> list[Incident]:
    found = incidents(ledger, product, states=get_args(IncidentState))
    return sorted(found, key=lambda one: one.opened_at, reverse=True)[:_MOST_INCIDENTS]
