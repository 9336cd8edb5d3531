"""All that an auditor asks about one prediction, beside its chain: values, meaning, training, approval, readers."""

from collections.abc import Iterator

import msgspec

from platform_assets.audit.evidence_model import ModelEvidence, model_evidence
from platform_assets.audit.evidence_traffic import traffic_evidence
from platform_assets.audit.evidence_values import Value, values_of
from platform_assets.audit.find_prediction import FoundPrediction, find_prediction
from platform_assets.audit.trace import TraceNode, chain_of, nodes_of
from platform_assets.consumers import readers_of
from platform_assets.contract.consumers import Output
from platform_assets.contract.names import PredictionMode
from platform_assets.contract.product import Product
from platform_assets.ledger.artifacts import artifact_id, get_artifact
from platform_assets.ledger.database import Ledger, open_ledger
from platform_assets.ledger.decisions import Decision, decisions
from platform_assets.ledger.publications import Publication, publications
from platform_assets.ledger.recalls import recall_of
from platform_assets.settings import Settings

# The key in the details of a publication, as batches write it.
GUARDRAILS = "guardrails"
_ROW_FACTS = (
    "score", "label", "confidence", "uncertainty", "is_valid", "fallback", "reason", "is_stale", "action_allowed",
    "entity_id", "row_key", "row_keys", "as_of", "event_at", "predicted_at", "output_schema_version",
)  # fmt: skip


class GuardrailVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one guardrail said of the batch before it was published."""

    guardrail: str
    level: str
    found: str


class ReaderEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """Who may read this prediction, and for which purposes only."""

    consumer: str
    title: str
    purposes: tuple[str, ...]
    versions: tuple[int, ...]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One prediction, explained; `missing` says what cannot be told any more and why.

    `decisions` are those of people about its model version and its batch, oldest first. `recall` is set when it was
    made from something that is recalled. `traffic` tells how an online answer got to its release.
    """

    prediction_id: str
    mode: PredictionMode
    product: str
    prediction: dict[str, str]
    meaning: dict[str, str]
    values: tuple[Value, ...]
    model: ModelEvidence | None
    guardrails: tuple[GuardrailVerdict, ...]
    decisions: tuple[Decision, ...]
    recall: Decision | None
    readers: tuple[ReaderEvidence, ...]
    traffic: dict[str, str]
    chain: TraceNode
    missing: tuple[str, ...]

    @property
    def replay_command(self) -> str:
        """The command that recomputes it and compares bit for bit."""
        return f"platform replay {self.prediction_id}"


def gather_evidence(settings: Settings, prediction_id: str) -> Evidence:
    """Return everything that is known about a prediction; raises what `trace` raises, and nothing for what is gone."""
    found = find_prediction(settings, prediction_id)
    ledger = open_ledger(settings.ledger_dsn)
    chain = chain_of(ledger, prediction_id, found)
    model, declared, missing = model_evidence(settings, ledger, chain)
    values, without = values_of(settings, ledger, found, chain, declared)
    batch = _publication(ledger, found, chain)
    return Evidence(
        prediction_id=prediction_id,
        mode=found.mode,
        product=found.product,
        prediction={name: found.facts[name] for name in _ROW_FACTS if name in found.facts},
        meaning=_meaning(declared) if declared else {},
        values=tuple(values),
        model=model,
        guardrails=tuple(_guardrails(ledger, batch)),
        decisions=tuple(_decisions(ledger, found.product, model, batch)),
        recall=recall_of(ledger, found.inputs),
        readers=tuple(_readers(found.product, found.mode)),
        traffic=traffic_evidence(ledger, found.product, found.row) if found.mode == "online" else {},
        chain=chain,
        missing=(*missing, *without),
    )


def _meaning(product: Product) -> dict[str, str]:
    score = product.score
    labels = ", ".join(score.classes)
    if score.threshold is not None:
        labels = f"{score.threshold.at_or_above} from {score.threshold.value:g} on, else {score.threshold.below}"
    return {
        "product": product.title,
        "what it says": score.meaning,
        "valid range": f"{score.low:g} to {score.high:g} {score.unit}",
        **({"label": labels} if labels else {}),
        "intended use": score.intended_use,
        "known limitations": " ".join(score.known_limitations),
        "schema version": str(score.schema_version),
        "owner": f"{product.owner.team} <{product.owner.email}>",
        "machines may do": "; ".join(action.description for action in product.actions) or "nothing without a person",
    }


def _publication(ledger: Ledger, found: FoundPrediction, chain: TraceNode) -> Publication | None:
    """Return the batch that a row, or a fallback answer, belongs to."""
    digest = found.row.get("batch_digest") if found.mode == "batch" else None
    told = [node.digest for node in nodes_of(chain) if node.kind == "publication"]
    wanted = {digest, *told}
    of_product = publications(ledger, found.product)
    return next((one for one in reversed(of_product) if one.digest in wanted), None)


def _guardrails(ledger: Ledger, batch: Publication | None) -> Iterator[GuardrailVerdict]:
    if batch is None:
        return
    recorded = get_artifact(ledger, artifact_id("publication", batch.product, batch.digest))
    for verdict in recorded.details.get(GUARDRAILS, []):
        yield GuardrailVerdict(
            guardrail=str(verdict.get("guardrail")), level=str(verdict.get("level")), found=str(verdict.get("found"))
        )


def _decisions(ledger: Ledger, product: str, model: ModelEvidence | None, batch: Publication | None) -> list[Decision]:
    found = decisions(ledger, "model_version", f"{product} {model.version}") if model else []
    if batch is not None:
        found += decisions(ledger, "publication", str(batch.publication_id))
        released = decisions(ledger, "quarantined_batch")
        found += [one for one in released if one.evidence.get("publication_id") == batch.publication_id]
    return sorted(found, key=lambda one: one.decision_id)


def _readers(product: str, mode: PredictionMode) -> Iterator[ReaderEvidence]:
    output: Output = "published_predictions" if mode == "batch" else "online_predictions"
    for consumer, reading in readers_of(product, output):
        yield ReaderEvidence(
            consumer=consumer.name, title=consumer.title, purposes=reading.purposes, versions=reading.versions
        )
