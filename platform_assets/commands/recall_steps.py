"""A recall step by step; each is idempotent and derived from what is true now, so that a repeat carries out the rest.

The recall is recorded first: from then on nothing new is made from the thing, and every later step only takes away.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from platform_assets.audit.impact import Impact, find_impact
from platform_assets.batch.after_recall import ConsumersAfterRecall, follow_recall
from platform_assets.batch.withdrawn_batches import withdraw_recalled
from platform_assets.commands.recall_news import tell_everybody
from platform_assets.commands.recall_snapshots import SnapshotAfterRecall, take_offline
from platform_assets.commands.recall_traffic import TrafficAfterRecall, refuse_versions, take_from_traffic
from platform_assets.contract.product import Product
from platform_assets.ledger.artifacts import Artifact
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Decision, Mandate, decisions, record_decision
from platform_assets.ledger.recalls import record_recall
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.orchestration.rollout_by_hand import Hand
from platform_assets.registry.rollback import Crew
from platform_assets.settings import Settings

RecallStep = Literal["recall", "marks", "batches", "consumers", "traffic", "snapshots", "news", "done"]


@dataclass(frozen=True, slots=True)
class Recaller:
    """On whose word and as which run something is recalled, and who hears of each step before it begins."""

    settings: Settings
    ledger: Ledger
    products: Mapping[str, Product]
    mandate: Mandate
    run: RunFacts
    crew: Crew
    tell: Callable[[RecallStep], None] = lambda _step: None


@dataclass(frozen=True, slots=True)
class ProductAfterRecall:
    """What is true of one product after a recall; None, or empty, where that part of it was not affected."""

    product: str
    recall: Decision
    refused_versions: tuple[int, ...]
    consumers: ConsumersAfterRecall | None
    traffic: TrafficAfterRecall | None
    snapshots: tuple[SnapshotAfterRecall, ...]

    @property
    def problems(self) -> list[str]:
        """What is behind, each with its reason; a repeat carries it out."""
        return [
            *([self.consumers.online_problem] if self.consumers and self.consumers.online_problem else []),
            *(self.traffic.problems if self.traffic else ()),
            *(one.problem for one in self.snapshots if one.problem),
        ]


@dataclass(frozen=True, slots=True)
class Recalled:
    """A recall that was carried out. `withdrawn` are the batches that this run took back, `told` how many hear of it.

    `undeclared` are affected products that no file declares any more: their batches are withdrawn, and nothing else.
    """

    decision: Decision
    impact: Impact
    withdrawn: tuple[int, ...]
    products: tuple[ProductAfterRecall, ...]
    undeclared: tuple[str, ...]
    told: int
    was_begun: bool

    @property
    def problems(self) -> list[str]:
        """What is behind, each with its product."""
        return [f"{one.product}: {problem}" for one in self.products for problem in one.problems]


def recall(recaller: Recaller, subject: Artifact) -> Recalled:
    """Recall a thing and take everything made from it from consumers; nothing is deleted.

    Killed anywhere, the same call again ends what it began. What is away (online store, MLflow) is told in `problems`.
    """
    settings, ledger, tell = recaller.settings, recaller.ledger, recaller.tell
    was_begun = any(made.verdict == "recalled" for made in decisions(ledger, "recall", subject.artifact_id))
    tell("recall")
    evidence = {"kind": subject.kind, "digest": subject.digest, "run_id": recaller.run.run_id}
    decision = record_recall(ledger, subject.artifact_id, recaller.mandate, evidence)
    # After the record: what came into being until then is found here, and nothing comes after it.
    impact = find_impact(settings, ledger, subject, unsound_only=True)
    named = _named(recaller, decision)
    hands = [_hand(named, product) for product in impact.products if product in recaller.products]
    tell("marks")
    refused = {hand.product.name: tuple(refuse_versions(hand, impact)) for hand in hands}
    tell("batches")
    withdrawn = withdraw_recalled(ledger, [one.publication for one in impact.batches], decision, named.mandate)
    tell("consumers")
    consumers = {hand.product.name: _follow(named, hand.product, impact) for hand in hands}
    tell("traffic")
    traffic = {hand.product.name: _traffic(named, hand, impact) for hand in hands}
    tell("snapshots")
    snapshots = {hand.product.name: take_offline(hand, ledger, impact) for hand in hands}
    after = [
        ProductAfterRecall(name, decision, refused[name], consumers[name], traffic[name], snapshots[name])
        for name in (hand.product.name for hand in hands)
    ]
    tell("news")
    told = _close(recaller, impact, decision, after)
    tell("done")
    undeclared = tuple(product for product in impact.products if product not in recaller.products)
    return Recalled(decision, impact, tuple(withdrawn), tuple(after), undeclared, told, was_begun)


def _named(recaller: Recaller, decision: Decision) -> Recaller:
    """Return the recaller with a reason that names what is recalled: it stands in the history of each product."""
    reason = f"recall of {decision.subject}: {decision.reason}"
    return replace(recaller, mandate=msgspec.structs.replace(recaller.mandate, reason=reason))


def _hand(recaller: Recaller, product: str) -> Hand:
    return Hand(recaller.settings, recaller.products[product], recaller.mandate, recaller.run)


def _follow(recaller: Recaller, product: Product, impact: Impact) -> ConsumersAfterRecall | None:
    if all(one.publication.product != product.name for one in impact.batches):
        return None
    return follow_recall(recaller.settings, recaller.ledger, product, at=recaller.mandate.at)


def _traffic(recaller: Recaller, hand: Hand, impact: Impact) -> TrafficAfterRecall | None:
    if not impact.digests("release", hand.product.name):
        return None
    return take_from_traffic(hand, recaller.ledger, impact, recaller.crew)


def _close(recaller: Recaller, impact: Impact, decision: Decision, after: Sequence[ProductAfterRecall]) -> int:
    """Record that the recall was carried out and tell everybody, both or neither; of a repeat nobody hears again."""
    ledger = recaller.ledger
    with ledger.transaction():
        since = [one for one in decisions(ledger, "recall", decision.subject) if one.decision_id > decision.decision_id]
        is_first = not any(one.verdict == "carried_out" for one in since)
        problems = [problem for one in after for problem in one.problems]
        if not is_first and since[-1].evidence.get("problems") == problems:
            return 0
        told = 0
        if is_first:
            declared = [(one, recaller.products[one.product]) for one in after]
            told = sum(tell_everybody(recaller.settings, ledger, product, impact, one) for one, product in declared)
        record_decision(
            ledger,
            recaller.mandate,
            kind="recall",
            subject=decision.subject,
            verdict="carried_out",
            evidence={
                "batches": [one.publication.publication_id for one in impact.batches],
                "rows": impact.rows,
                "answers": sum(one.answers for one in impact.answers),
                "products": [msgspec.to_builtins(_outcome(one)) for one in after],
                "told": told,
                "problems": problems,
            },
        )
    return told


def _outcome(after: ProductAfterRecall) -> dict[str, object]:
    shown = after.consumers.shown if after.consumers else None
    return {
        "product": after.product,
        "refused_versions": after.refused_versions,
        "shown": shown.publication_id if shown else None,
        "traffic": after.traffic,
        "snapshots": after.snapshots,
    }
