"""Recalls: what must not be used any more, nor anything made from it, until somebody lifts the recall.

A recall is a chain of decisions about one artifact: recalled, carried out (once or again), lifted. Lifted may also be
what was only made from something recalled: it is sound then, and so is what was made from it. The platform lifts by
itself what came out the same, byte for byte, when it was made again from sound inputs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from platform_assets.errors import RecalledError
from platform_assets.ledger.artifacts import Artifact, made_of, sources_of
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Decision, Mandate, decisions, last_decision, record_decision


def recall_in_force(ledger: Ledger, artifact: str) -> Decision | None:
    """Return the decision that recalled an artifact itself, or None when it was not recalled or the recall lifted."""
    found = last_decision(ledger, "recall", artifact)
    if found is None or found.verdict == "lifted":
        return None
    return [made for made in decisions(ledger, "recall", artifact) if made.verdict == "recalled"][-1]


def record_recall(ledger: Ledger, artifact: str, mandate: Mandate, evidence: Mapping[str, Any]) -> Decision:
    """Recall an artifact once: from now on `require_sound` refuses it; a repeat returns the recall in force."""
    with ledger.transaction():
        return recall_in_force(ledger, artifact) or record_decision(
            ledger, mandate, kind="recall", subject=artifact, verdict="recalled", evidence=evidence
        )


def lift_recall(ledger: Ledger, artifact: str, mandate: Mandate, evidence: Mapping[str, Any]) -> Decision | None:
    """Let an artifact be used again, and what was made from it; None when no recall hits it."""
    with ledger.transaction():
        if recall_of(ledger, [artifact]) is None:
            return None
        return record_decision(ledger, mandate, kind="recall", subject=artifact, verdict="lifted", evidence=evidence)


def recalls(ledger: Ledger) -> dict[str, Decision]:
    """Return every recall in force by the id of its artifact, oldest first."""
    subjects = dict.fromkeys(made.subject for made in decisions(ledger, "recall"))
    found = {subject: recall_in_force(ledger, subject) for subject in subjects}
    return {subject: decision for subject, decision in found.items() if decision is not None}


def recall_of(ledger: Ledger, used: Sequence[str]) -> Decision | None:
    """Return the first recall in force that hits any of these artifacts or what they were made from, or None."""
    known = recalls(ledger)
    if not known:
        return None
    lifts = _lifts(ledger)
    wanted, seen = list(used), set[str]()
    while wanted:
        reached = sources_of(ledger, wanted, without=lifts)
        hit = next((known[one.artifact_id] for one in reached if one.artifact_id in known), None)
        if hit is not None:
            return hit
        # What was made again is as sound as what it was made from then.
        met = {*wanted, *(told for one in reached for told in one.inputs)} & lifts.keys() - seen
        seen |= met
        wanted = [told for one in met for told in lifts[one]]
    return None


def unsound(ledger: Ledger, artifact: str) -> list[Artifact]:
    """Return an artifact and all made from it that would be unsound without it, oldest first; what is lifted is not."""
    lifts = _lifts(ledger)
    found = {one.artifact_id: one for one in made_of(ledger, [artifact], without=lifts.keys() - {artifact})}
    while True:
        again = [one for one, sources in lifts.items() if one not in found and found.keys() & set(sources)]
        if not again:
            return sorted(found.values(), key=lambda one: one.sequence)
        found |= {one.artifact_id: one for one in made_of(ledger, again, without=lifts.keys() - set(again))}


def _lifts(ledger: Ledger) -> dict[str, tuple[str, ...]]:
    """Return what is sound on somebody's word, and from what it was made again: for a person's word from nothing."""
    newest = {made.subject: made for made in decisions(ledger, "recall")}
    return {
        subject: tuple(made.evidence.get("inputs", ())) for subject, made in newest.items() if made.verdict == "lifted"
    }


def require_sound(ledger: Ledger, used: Sequence[str]) -> None:
    """Raise RecalledError when any of these artifacts, or anything that they were made from, is recalled.

    Inside a transaction no recall can come between this look and what is written.
    """
    found = recall_of(ledger, used)
    if found is not None:
        raise RecalledError(
            used=", ".join(used),
            recalled=found.subject,
            by=found.decided_by,
            at=found.decided_at.isoformat(timespec="seconds"),
            reason=found.reason,
        )
