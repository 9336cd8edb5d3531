"""Aliases and tags in MLflow: who looks at a model version there sees what it does for the traffic now.

They are labels for people. Nothing of the platform reads them, and MLflow's own UI and API may change them: the next
move puts them right.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from platform_assets.contract import names
from platform_assets.inference.live_pointer import LivePointer
from platform_assets.inference.release import read_release
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import last_decision, model_version_subject
from platform_assets.ledger.models import ModelVersion, model_versions
from platform_assets.ledger.releases import releases
from platform_assets.registry.pair import HALVES, PAIR_TAG, drop_alias, point_alias
from platform_assets.registry.tracking import telling_when_away, tracking_client
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from mlflow import MlflowClient

STAGE, RELEASE, APPROVED_BY = "platform.stage", "platform.release_id", "platform.approved_by"
TRAFFIC, STEP, SHARE = "platform.traffic", "platform.rollout_step", "platform.share"
DECISION, GATES = "platform.decision", "platform.gates"
_OURS = (STAGE, RELEASE, APPROVED_BY, TRAFFIC, STEP, SHARE, DECISION, GATES)

Tags = dict[str, str]


def show_traffic(settings: Settings, ledger: Ledger, product: str, live: LivePointer) -> None:
    """Let aliases and tags of both halves say what the pointer says; only what differs is written.

    The alias `production` is on the release in force, `candidate` on the one that is on its way. Raises
    RegistryUnavailableError, and NotMaterializedError for a pair that is not in MLflow.
    """
    with telling_when_away(settings):
        point_alias(settings, product, _version(settings, product, live.release_id))
        if live.rollout is None:
            drop_alias(settings, product, names.CANDIDATE_ALIAS)
        else:
            candidate = _version(settings, product, live.rollout.release_id)
            point_alias(settings, product, candidate, alias=names.CANDIDATE_ALIAS)
        show_tags(settings, ledger, product, live)


def show_tags(settings: Settings, ledger: Ledger, product: str, live: LivePointer | None) -> None:
    """Let the tags of both halves say how each version stands, None before the first release; aliases stay.

    Raises RegistryUnavailableError.
    """
    with telling_when_away(settings):
        wanted = wanted_tags(settings, ledger, product, live)
        client = tracking_client(settings)
        for half in HALVES:
            _write(client, names.registered_model(product, half), wanted)


def wanted_tags(settings: Settings, ledger: Ledger, product: str, live: LivePointer | None) -> dict[str, Tags]:
    """Return the tags of every recorded version of a product, by its number as text."""
    made_of = {one.model_version: one.release_id for one in releases(ledger, product)}
    told = _traffic(live) if live else {}
    traffic = {_version(settings, product, release_id): tags for release_id, tags in told.items()}
    return {
        str(known.version): {
            **_standing(known, made_of.get(known.version)),
            **_decided(ledger, known),
            **traffic.get(known.version, {}),
        }
        for known in model_versions(ledger, product)
    }


def _standing(known: ModelVersion, release_id: str | None) -> Tags:
    told = {STAGE: known.stage, RELEASE: release_id, APPROVED_BY: known.approved_by}
    return {name: value for name, value in told.items() if value}


def _decided(ledger: Ledger, known: ModelVersion) -> Tags:
    """Return what was decided last about a version: the verdict, who, when, why and what its gates said."""
    decision = last_decision(ledger, "model_version", model_version_subject(known.product, known.version))
    if decision is None:
        return {}
    told = f"{decision.verdict} by {decision.decided_by} at {decision.decided_at.isoformat(timespec='seconds')}"
    gates = "; ".join(decision.evidence.get("verdicts", []))
    return {DECISION: f"{told}: {decision.reason}", **({GATES: gates} if gates else {})}


def _traffic(live: LivePointer) -> dict[str, Tags]:
    told = {one.release_id: {TRAFFIC: f"deprecated, kept until {one.until.isoformat()}"} for one in live.kept}
    rollout = live.rollout
    share = rollout.share if rollout else 0.0
    told[live.release_id] = {TRAFFIC: "switched off" if live.off else "in force", SHARE: f"{1.0 - share:g}"}
    if rollout:
        told[rollout.release_id] = {TRAFFIC: "on its way", STEP: rollout.step_name, SHARE: f"{share:g}"}
    return told


def _write(client: "MlflowClient", name: str, wanted: Mapping[str, Tags]) -> None:
    for version in client.search_model_versions(f"name = '{name}'"):
        tags = wanted.get(version.tags.get(PAIR_TAG, ""), {})
        for tag in _OURS:
            if tag in tags and version.tags.get(tag) != tags[tag]:
                client.set_model_version_tag(name, version.version, tag, tags[tag])
            elif tag not in tags and tag in version.tags:
                client.delete_model_version_tag(name, version.version, tag)


def _version(settings: Settings, product: str, release_id: str) -> int:
    return read_release(settings.releases_dir, product, release_id).model_version
