"""What people decided by hand, as events that are only ever added: who, when, why and on which evidence."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from sqlalchemy import JSON, Column, Index, Integer, String, Table, select

from platform_assets.errors import AlreadyDecidedError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.tables import METADATA, UtcInstant

DecisionKind = Literal["model_version", "publication", "quarantined_batch", "rollback", "recall"]
Verdict = Literal[
    "approved", "rejected", "withdrawn", "released", "dropped", "rolled_back", "recalled", "carried_out", "lifted"
]

DECISIONS = Table(
    "decisions",
    METADATA,
    Column("decision_id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("verdict", String, nullable=False),
    Column("decided_at", UtcInstant, nullable=False),
    Column("decided_by", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("evidence", JSON, nullable=False),
    Index(None, "kind", "subject"),
)


class Mandate(msgspec.Struct, frozen=True, kw_only=True):
    """On whose word something is done, when (UTC) and why."""

    by: str
    at: dt.datetime
    reason: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One decision; `subject` names what it is about within its kind, `evidence` what was known at that moment."""

    decision_id: int
    kind: DecisionKind
    subject: str
    verdict: Verdict
    decided_at: dt.datetime
    decided_by: str
    reason: str
    evidence: dict[str, Any]

    @property
    def mandate(self) -> Mandate:
        """On whose word it was, when and why."""
        return Mandate(by=self.decided_by, at=self.decided_at, reason=self.reason)


def model_version_subject(product: str, version: int) -> str:
    """Return the subject of decisions about a model version."""
    return f"{product} {version}"


def record_decision(
    ledger: Ledger,
    mandate: Mandate,
    *,
    kind: DecisionKind,
    subject: str,
    verdict: Verdict,
    evidence: Mapping[str, Any],
) -> Decision:
    """Add a decision, whatever was decided before."""
    with ledger.transaction() as connection:
        connection.execute(
            DECISIONS.insert().values(
                kind=kind,
                subject=subject,
                verdict=verdict,
                decided_at=mandate.at,
                decided_by=mandate.by,
                reason=mandate.reason,
                evidence=dict(evidence),
            )
        )
        return decisions(ledger, kind, subject)[-1]


def decide_once(
    ledger: Ledger,
    mandate: Mandate,
    *,
    kind: DecisionKind,
    subject: str,
    verdict: Verdict,
    evidence: Mapping[str, Any],
) -> Decision:
    """Add the only decision that its subject ever gets; of several people at once one wins.

    Raises AlreadyDecidedError with who decided what for all others.
    """
    with ledger.transaction():
        require_undecided(ledger, kind, subject)
        return record_decision(ledger, mandate, kind=kind, subject=subject, verdict=verdict, evidence=evidence)


def require_undecided(ledger: Ledger, kind: DecisionKind, subject: str) -> None:
    """Raise AlreadyDecidedError when there is a decision about the subject."""
    found = last_decision(ledger, kind, subject)
    if found is not None:
        raise AlreadyDecidedError(
            kind=kind.replace("_", " "),
            subject=subject,
            verdict=found.verdict,
            by=found.decided_by,
            at=found.decided_at.isoformat(timespec="seconds"),
            reason=found.reason,
        )


def last_decision(ledger: Ledger, kind: DecisionKind, subject: str) -> Decision | None:
    """Return the newest decision about a subject, or None."""
    found = decisions(ledger, kind, subject)
    return found[-1] if found else None


def decisions(ledger: Ledger, kind: DecisionKind, subject: str | None = None) -> list[Decision]:
    """Return the decisions of a kind, about one subject or about all, oldest first."""
    wanted = select(DECISIONS).where(DECISIONS.c.kind == kind).order_by(DECISIONS.c.decision_id)
    if subject is not None:
        wanted = wanted.where(DECISIONS.c.subject == subject)
    with ledger.reading() as connection:
        return [Decision(**row) for row in connection.execute(wanted).mappings()]
