"""The full chain from one prediction back to raw files, walked over the platform's own manifest."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from platform_assets.audit.find_prediction import FoundPrediction, find_prediction
from platform_assets.ledger.artifacts import Artifact, get_artifact, sources_of
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.settings import Settings


class TraceNode(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in the chain and what it was made from. `inputs` come before it.

    `facts` are what an auditor reads, `details` what is recorded of it besides, with a structure of its own.

    A thing that was already shown elsewhere in the tree is repeated without its inputs, with `is_repeated` set.
    """

    kind: str
    id: str
    digest: str
    facts: dict[str, str]
    inputs: tuple["TraceNode", ...] = ()
    is_repeated: bool = False
    details: dict[str, Any] = {}


def trace(settings: Settings, prediction_id: str) -> TraceNode:
    """Return the chain of a batch or online prediction; raises UnknownPredictionError for an id that is nowhere."""
    return chain_of(open_ledger(settings.ledger_dsn), prediction_id, find_prediction(settings, prediction_id))


def chain_of(ledger: Ledger, prediction_id: str, found: FoundPrediction) -> TraceNode:
    """Return the chain of a prediction that was found; raises UnknownRecordError for a link that is not recorded."""
    known = {one.artifact_id: one for one in sources_of(ledger, found.inputs)}  # all of it in one look
    shown: set[str] = set()
    inputs = tuple(_node(ledger, known, told, shown) for told in found.inputs)
    return TraceNode(kind=f"{found.mode} prediction", id=prediction_id, digest="", facts=found.facts, inputs=inputs)


def raw_files(node: TraceNode) -> dict[str, str]:
    """Return the raw files at the ends of a chain: name -> sha256."""
    own = {node.facts["name"]: node.digest} if node.kind == "raw_file" else {}
    for part in node.inputs:
        own.update(raw_files(part))
    return own


def nodes_of(node: TraceNode) -> Iterator[TraceNode]:
    """Yield a chain from its end to its beginnings, each thing once."""
    if not node.is_repeated:
        yield node
        for part in node.inputs:
            yield from nodes_of(part)


def _node(ledger: Ledger, known: Mapping[str, Artifact], told: str, shown: set[str]) -> TraceNode:
    artifact = known[told] if told in known else get_artifact(ledger, told)
    is_repeated = told in shown
    shown.add(told)
    return TraceNode(
        kind=artifact.kind,
        id=told,
        digest=artifact.digest,
        facts=_facts(artifact),
        inputs=() if is_repeated else tuple(_node(ledger, known, part, shown) for part in artifact.inputs),
        is_repeated=is_repeated,
        details={name: value for name, value in artifact.details.items() if _has_parts(value)},
    )


def _facts(artifact: Artifact) -> dict[str, str]:
    return {
        "name": artifact.name,
        "uri": artifact.uri,
        "run_id": artifact.run_id,
        "code_version": artifact.code_version,
        "created_at": artifact.created_at.isoformat(),
        **{name: str(value) for name, value in artifact.details.items() if not _has_parts(value)},
    }


def _has_parts(value: object) -> bool:
    return isinstance(value, dict | list)
