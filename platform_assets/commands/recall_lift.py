"""Lifts a recall: what was made from the thing may be used again; what was withdrawn comes back by its next run."""

from dataclasses import dataclass

from platform_assets.audit.impact import find_impact
from platform_assets.commands.recall_steps import Recaller
from platform_assets.commands.recall_traffic import version_of, versions_of
from platform_assets.inference.refusals import accept_version
from platform_assets.ledger.artifacts import Artifact, artifact_id, artifacts
from platform_assets.ledger.decisions import Decision, last_decision, model_version_subject
from platform_assets.ledger.models import find_model_version
from platform_assets.ledger.recalls import lift_recall, recall_of


@dataclass(frozen=True, slots=True)
class Lifted:
    """A lifted recall; None where none was in force. `accepted` are the versions that may get traffic again."""

    decision: Decision | None
    accepted: tuple[tuple[str, int], ...]


def lift(recaller: Recaller, subject: Artifact) -> Lifted:
    """Let a thing be used again; versions that a person rejected, or that another recall hits, stay refused."""
    settings, ledger = recaller.settings, recaller.ledger
    decision = lift_recall(ledger, subject.artifact_id, recaller.mandate, {"run_id": recaller.run.run_id})
    impact = find_impact(settings, ledger, subject)
    accepted = []
    for product in impact.products:
        for version in versions_of(settings, product, impact):
            if _is_free(recaller, product, version):
                accept_version(settings.releases_dir, product, version, fsync=settings.fsync)
                accepted.append((product, version))
    return Lifted(decision, tuple(accepted))


def _is_free(recaller: Recaller, product: str, version: int) -> bool:
    settings, ledger = recaller.settings, recaller.ledger
    rejected = last_decision(ledger, "model_version", model_version_subject(product, version))
    if rejected is not None and rejected.verdict == "rejected":
        return False
    known = find_model_version(ledger, product, version)
    made = [] if known is None else [artifact_id("bundle", product, known.bundle_digest)]
    # A recall of a release alone, or of its evaluation, is not found on the way back from the bundle.
    made += [one.artifact_id for one in artifacts(ledger, "release", product) if version_of(settings, one) == version]
    return recall_of(ledger, made) is None
