"""What a person may do with a batch in quarantine: publish exactly that batch, or drop it; once, with a reason."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from platform_assets.batch.digest import batch_digest
from platform_assets.batch.publication import BatchRun, Published, publish_batch, stage_batch
from platform_assets.batch.rows import with_digest
from platform_assets.clock import midnight
from platform_assets.contract.product import Product
from platform_assets.errors import AlreadyDecidedError, QuarantineDamagedError, UnknownRecordError
from platform_assets.inference.release import read_release
from platform_assets.lakehouse.quarantine import ROWS_FILE
from platform_assets.lakehouse.stage import discard
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import (
    Decision,
    Mandate,
    decisions,
    last_decision,
    record_decision,
    require_undecided,
)
from platform_assets.ledger.publications import Publication, current_publication, publications
from platform_assets.ledger.quarantined import QuarantineRecord, quarantined_batches
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

QuarantineState = Literal["waiting", "released", "dropped"]
DROPPED_ROWS_KEPT = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ReleasedBatch:
    """A batch that left quarantine: its publication, and what its as-of showed before."""

    published: Published
    decision: Decision
    replaced: Publication | None


def find_quarantined(ledger: Ledger, quarantine_id: int) -> QuarantineRecord:
    """Return a refused batch by its number; raises UnknownRecordError."""
    for batch in quarantined_batches(ledger):
        if batch.quarantine_id == quarantine_id:
            return batch
    remedy = "take one of `platform quarantine list`"
    raise UnknownRecordError(kind="quarantined batch", key=str(quarantine_id), remedy=remedy)


def state_of(ledger: Ledger, batch: QuarantineRecord) -> tuple[QuarantineState, Decision | None]:
    """Return what became of a refused batch and who decided it; the same batch may also have passed a later run."""
    found = last_decision(ledger, "quarantined_batch", str(batch.quarantine_id))
    if found is not None:
        return ("released" if found.verdict == "released" else "dropped"), found
    return ("released" if _publication_of(ledger, batch) else "waiting"), None


def quarantined_at_path(settings: Settings, batch: QuarantineRecord) -> Path:
    """Return the directory of a refused batch in this home, wherever the home was when it was refused."""
    return settings.quarantine_dir / batch.product / batch.as_of / batch.digest[:16]


def release_quarantined(
    settings: Settings, ledger: Ledger, product: Product, batch: QuarantineRecord, mandate: Mandate, facts: RunFacts
) -> ReleasedBatch:
    """Publish exactly the refused rows as a new revision of their as-of, through the same exactly-once commit.

    Of several people at once one wins. Killed before it is recorded, a repeat finds the commit and records it. Raises
    AlreadyDecidedError, QuarantineDamagedError for rows that are gone or changed, and what `publish_batch` raises.
    """
    require_undecided(ledger, "quarantined_batch", str(batch.quarantine_id))
    rows, input_artifact = _sound_rows(settings, batch)
    release = read_release(settings.releases_dir, product.name, rows.column("release_id")[0].as_py())
    run = BatchRun(product, midnight(dt.date.fromisoformat(batch.as_of)), release, facts)
    shown = current_publication(ledger, batch.product, batch.as_of)
    staged = stage_batch(settings, run, [with_digest(rows, batch.digest)])
    try:
        # Commit, publication and decision under one lock of the ledger, so that two people never decide both.
        with ledger.transaction():
            require_undecided(ledger, "quarantined_batch", str(batch.quarantine_id))
            published = publish_batch(
                settings,
                ledger,
                run,
                staged,
                digest=batch.digest,
                input_artifact=input_artifact,
                guardrails=batch.reasons,
            )
            evidence = {**_evidence(batch), "publication_id": published.record.publication_id}
            decision = record_decision(
                ledger,
                mandate,
                kind="quarantined_batch",
                subject=str(batch.quarantine_id),
                verdict="released",
                evidence=evidence,
            )
    except AlreadyDecidedError:
        discard(staged)
        raise
    return ReleasedBatch(published, decision, shown)


def drop_quarantined(ledger: Ledger, batch: QuarantineRecord, mandate: Mandate) -> Decision:
    """Record that a refused batch is never published; its rows stay for 30 days, its reasons for good.

    Raises AlreadyDecidedError, also when that very batch is published.
    """
    with ledger.transaction():
        subject = str(batch.quarantine_id)
        require_undecided(ledger, "quarantined_batch", subject)
        publication = _publication_of(ledger, batch)
        if publication is not None:
            raise AlreadyDecidedError(
                kind="quarantined batch",
                subject=subject,
                verdict="published",
                by=f"run {publication.run_id}",
                at=publication.published_at.isoformat(timespec="seconds"),
                reason="the same batch passed a later run; `platform predictions withdraw` takes it back",
            )
        return record_decision(
            ledger, mandate, kind="quarantined_batch", subject=subject, verdict="dropped", evidence=_evidence(batch)
        )


def expired_rows(settings: Settings, ledger: Ledger, *, now: dt.datetime) -> list[Path]:
    """Return the row files of batches that were dropped longer than 30 days ago; their reasons stay."""
    until = now - DROPPED_ROWS_KEPT
    dropped = {
        made.subject
        for made in decisions(ledger, "quarantined_batch")
        if made.verdict == "dropped" and made.decided_at <= until
    }
    batches = [batch for batch in quarantined_batches(ledger) if str(batch.quarantine_id) in dropped]
    paths = [quarantined_at_path(settings, batch) / ROWS_FILE for batch in batches]
    return [path for path in paths if path.exists()]


def _sound_rows(settings: Settings, batch: QuarantineRecord) -> "tuple[pa.Table, str]":
    """Return the refused rows and their input artifact, after comparing them with the digest of the refusal."""
    import pyarrow as pa  # noqa: PLC0415 - heavy; only batch steps need it
    import pyarrow.parquet as pq  # noqa: PLC0415 - the same

    path = quarantined_at_path(settings, batch) / ROWS_FILE
    try:
        rows = pq.ParquetFile(path).read()
    except (FileNotFoundError, pa.ArrowInvalid) as error:
        raise QuarantineDamagedError(path=str(path), problem=f"its rows cannot be read: {error}") from error
    if rows.num_rows == 0:
        raise QuarantineDamagedError(path=str(path), problem="it has no rows, so there is nothing to publish")
    artifact = str(rows.column("input_artifact")[0].as_py())
    as_of = midnight(dt.date.fromisoformat(batch.as_of))
    if batch_digest(rows, as_of=as_of, input_artifact=artifact) != batch.digest:
        raise QuarantineDamagedError(path=str(path), problem="its rows are not those that were refused")
    return rows, artifact


def _publication_of(ledger: Ledger, batch: QuarantineRecord) -> Publication | None:
    found = [one for one in publications(ledger, batch.product, batch.as_of) if one.digest == batch.digest]
    return found[-1] if found else None


def _evidence(batch: QuarantineRecord) -> dict[str, object]:
    return {"product": batch.product, "as_of": batch.as_of, "digest": batch.digest, "reasons": batch.reasons}
