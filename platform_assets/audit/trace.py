"""The full chain from one prediction back to raw files, walked over the platform's own manifest."""

import msgspec

from platform_assets.audit.find_prediction import find_prediction
from platform_assets.ledger.artifacts import Artifact, get_artifact
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.settings import Settings


class TraceNode(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in the chain and what it was made from. `facts` are what an auditor reads; `inputs` come before it.

    A thing that was already shown elsewhere in the tree is repeated without its inputs, with `is_repeated` set.
    """

    kind: str
    id: str
    digest: str
    facts: dict[str, str]
    inputs: tuple["TraceNode", ...] = ()
    is_repeated: bool = False


def trace(settings: Settings, prediction_id: str) -> TraceNode:
    """Return the chain of a batch or online prediction; raises UnknownPredictionError for an id that is nowhere."""
    found = find_prediction(settings, prediction_id)
    ledger = open_ledger(settings.ledger_dsn)
    shown: set[str] = set()
    inputs = tuple(_node(ledger, told, shown) for told in found.inputs)
    return TraceNode(
        kind=f"{found.mode} prediction", id=prediction_id, digest="", facts=dict(found.facts), inputs=inputs
    )


def raw_files(node: TraceNode) -> dict[str, str]:
    """Return the raw files at the ends of a chain: name -> sha256."""
    own = {node.facts["name"]: node.digest} if node.kind == "raw_file" else {}
    for part in node.inputs:
        own.update(raw_files(part))
    return own


def _node(ledger: Ledger, told: str, shown: set[str]) -> TraceNode:
    artifact = get_artifact(ledger, told)
    is_repeated = told in shown
    shown.add(told)
    return TraceNode(
        kind=artifact.kind,
        id=told,
        digest=artifact.digest,
        facts=_facts(artifact),
        inputs=() if is_repeated else tuple(_node(ledger, part, shown) for part in artifact.inputs),
        is_repeated=is_repeated,
    )


def _facts(artifact: Artifact) -> dict[str, str]:
    return {
        "name": artifact.name,
        "uri": artifact.uri,
        "run_id": artifact.run_id,
        "code_version": artifact.code_version,
        "created_at": artifact.created_at.isoformat(),
        **{name: str(value) for name, value in artifact.details.items()},
    }
