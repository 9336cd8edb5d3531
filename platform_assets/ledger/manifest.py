"""Records what a run made into the manifest, with the facts of the run."""

from collections.abc import Mapping, Sequence
from typing import Any

from platform_assets.ledger.artifacts import ArtifactKind, latest_artifact, record_artifact
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.recalls import lift_recall, recall_in_force, recall_of
from platform_assets.ledger.run_facts import RunFacts


def record(  # noqa: PLR0913 - a manifest entry has that many facts
    ledger: Ledger,
    facts: RunFacts,
    *,
    kind: ArtifactKind,
    name: str,
    digest: str,
    uri: str,
    inputs: Sequence[str],
    details: Mapping[str, Any] | None = None,
) -> str:
    """Record an artifact with the ids of what it was made from; idempotent; returns its id.

    What was made from something recalled and comes out the same from sound inputs is sound from then on.
    """
    with ledger.transaction():
        told = record_artifact(
            ledger,
            kind=kind,
            name=name,
            digest=digest,
            uri=uri,
            inputs=inputs,
            run_id=facts.run_id,
            code_version=facts.code_version,
            created_at=facts.at,
            details=details,
        )
        if inputs and recall_in_force(ledger, told) is None and recall_of(ledger, inputs) is None:
            mandate = Mandate(by="platform", at=facts.at, reason="made again, byte for byte, from sound inputs")
            lift_recall(ledger, told, mandate, {"run_id": facts.run_id, "inputs": list(inputs)})
    return told


def newest(ledger: Ledger, kind: ArtifactKind, name: str) -> list[str]:
    """Return the id of the newest artifact of a kind and name as a list of one, empty when there is none."""
    found = latest_artifact(ledger, kind, name)
    return [found.artifact_id] if found else []
