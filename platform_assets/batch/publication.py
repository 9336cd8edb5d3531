"""Steps 4 and 5 of a batch: what was staged is checked, then published in one commit or put in quarantine."""

import datetime as dt
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.batch.guarding.result import GuardrailResult
from platform_assets.batch.replay_columns import with_absent_columns
from platform_assets.batch.withdrawn_batches import restore_recalled, was_recalled, withdraw_recalled
from platform_assets.contract.product import Product
from platform_assets.errors import ConcurrentCommitError
from platform_assets.features.newest_event import newest_event_at
from platform_assets.inference.release import Release
from platform_assets.lakehouse.file_rows import FileRows
from platform_assets.lakehouse.grow import add_missing_columns
from platform_assets.lakehouse.log import find_commit
from platform_assets.lakehouse.publish import publish
from platform_assets.lakehouse.quarantine import quarantine
from platform_assets.lakehouse.stage import Staged, discard, stage_parts
from platform_assets.ledger.artifacts import artifact_id
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Mandate
from platform_assets.ledger.manifest import record
from platform_assets.ledger.publication_stamps import SOURCE_AT
from platform_assets.ledger.publications import (
    Publication,
    find_publication,
    next_revision,
    record_publication,
    show_again,
)
from platform_assets.ledger.quarantined import record_quarantined
from platform_assets.ledger.recalls import recall_of, require_sound
from platform_assets.ledger.run_facts import RunFacts
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

GUARDRAILS = "guardrails"  # the key in the commit and in the details of a publication
PARTITION_BY = ("prediction_date", "model_version")


@dataclass(frozen=True, slots=True)
class BatchRun:
    """What a batch is asked to do: for which as-of, with which release, by which run."""

    product: Product
    as_of: dt.datetime
    release: Release
    facts: RunFacts

    @property
    def day(self) -> str:
        """The as-of as the ledger writes it."""
        return self.as_of.date().isoformat()


@dataclass(frozen=True, slots=True)
class Published:
    """A publication, and whether this run made it or found it made."""

    record: Publication
    is_new: bool


def stage_batch(settings: Settings, run: BatchRun, parts: "Iterable[pa.Table]") -> Staged:
    """Write the rows, at least one part, into the product's table folder, on disk and invisible to every reader."""
    whole = map(with_absent_columns, parts)
    table, first = settings.predictions_dir / run.product.name, next(whole)
    # A table that an earlier version began lacks what rows tell since then.
    add_missing_columns(table, first.schema)
    return stage_parts(table, itertools.chain([first], whole), PARTITION_BY, fsync=settings.fsync)


def published_already(ledger: Ledger, run: BatchRun, digest: str) -> Publication | None:
    """Return the publication of this very batch, if an earlier run has made it."""
    return find_publication(
        ledger, product=run.product.name, as_of=run.day, model_version=run.release.model_version, digest=digest
    )


def publish_batch(
    settings: Settings,
    ledger: Ledger,
    run: BatchRun,
    staged: Staged,
    *,
    digest: str,
    input_artifact: str,
    guardrails: Sequence[Mapping[str, object]] = (),
) -> Published:
    """Make a checked batch the published one of its as-of, as a new revision; what was published before stays.

    The very batch again writes nothing; consumers read it again if another one was shown since. A killed run may have
    committed without recording: that commit is recorded first, so that its revision is taken. Raises
    ConcurrentCommitError when another run publishes another batch of this as-of at the same moment, and RecalledError
    for a batch that carries something recalled; one that was recalled and is sound by now is published again. The
    verdicts of the `guardrails` are kept with the commit, for audits.
    """
    table = settings.predictions_dir / run.product.name
    made_from = [input_artifact, artifact_id("release", run.product.name, run.release.release_id)]
    revision = _record_lost_commits(ledger, run, table)
    if recall_of(ledger, made_from) is not None:
        discard(staged)
        require_sound(ledger, made_from)
    if known := published_already(ledger, run, digest):
        discard(staged)
        return Published(_shown_again(ledger, run, known), is_new=False)
    metadata = {
        "batch_digest": digest,
        "release_id": run.release.release_id,
        "row_count": str(staged.num_rows),
        "run_id": run.facts.run_id,
        "published_at": run.facts.at.isoformat(),
        "input_artifact": input_artifact,
        GUARDRAILS: json.dumps(list(guardrails)),
        **_source(settings, run),
    }
    appended = publish(staged, app_id=_app_id(run), version=revision, metadata=metadata, fsync=settings.fsync)
    if appended.written:
        made = _record(ledger, run, revision, metadata, table, appended.delta_version)
        require_sound(ledger, made_from)  # recalled during the commit: it is on record, and withdrawn
        return Published(made, is_new=True)
    # Another run took this revision between the look and the commit: it is ours only if it says the same.
    _record_lost_commits(ledger, run, table)
    if known := published_already(ledger, run, digest):
        return Published(known, is_new=False)
    raise ConcurrentCommitError(table=str(table), attempts=1)


def refuse_batch(
    settings: Settings, ledger: Ledger, run: BatchRun, rows: FileRows, failures: list[GuardrailResult], *, digest: str
) -> Path:
    """Put a refused batch whole into quarantine with its reasons; nothing that is published changes."""
    reasons = [failure.as_reason() for failure in failures]
    path = quarantine(
        settings.quarantine_dir,
        run.product.name,
        run.as_of.date(),
        rows.parts(),
        reasons,
        quarantined_at=run.facts.at,
        digest=digest,
        fsync=settings.fsync,
    )
    record_quarantined(
        ledger,
        product=run.product.name,
        as_of=run.day,
        digest=digest,
        uri=str(path),
        reasons=reasons,
        quarantined_at=run.facts.at,
        run_id=run.facts.run_id,
    )
    return path


def _source(settings: Settings, run: BatchRun) -> dict[str, str]:
    newest = newest_event_at(settings, run.product.dataset, run.as_of)
    return {} if newest is None else {SOURCE_AT: newest.isoformat()}


def _app_id(run: BatchRun) -> str:
    return f"{run.product.name}/{run.day}/{run.release.model_version}"


def _record_lost_commits(ledger: Ledger, run: BatchRun, table: Path) -> int:
    """Record commits that a killed run left unrecorded; return the revision that is free."""
    while True:
        revision = next_revision(ledger, run.product.name, run.day, run.release.model_version)
        commit = find_commit(table, app_id=_app_id(run), version=revision)
        if commit is None:
            return revision
        _record(ledger, run, revision, dict(commit.metadata), table, commit.delta_version)


def _record(
    ledger: Ledger, run: BatchRun, revision: int, metadata: dict[str, str], table: Path, delta_version: int
) -> Publication:
    """Record a commit from its own metadata; one that carries something recalled is withdrawn before anybody sees it.

    A recall comes wholly before this and is seen here, or after it and finds the publication.
    """
    with ledger.transaction():
        made = _recorded(ledger, run, revision, metadata, table, delta_version)
        recall = recall_of(ledger, [artifact_id("publication", made.product, made.digest)])
        if recall is not None:
            withdraw_recalled(ledger, [made], recall, recall.mandate)
    return made


def _recorded(
    ledger: Ledger, run: BatchRun, revision: int, metadata: dict[str, str], table: Path, delta_version: int
) -> Publication:
    """Record first in the manifest, so that whatever consumers see can be traced."""
    row_count = int(metadata["row_count"])
    record(
        ledger,
        run.facts,
        kind="publication",
        name=run.product.name,
        digest=metadata["batch_digest"],
        uri=f"{table}@{delta_version}",
        inputs=[metadata["input_artifact"], artifact_id("release", run.product.name, metadata["release_id"])],
        details={
            "as_of": run.day,
            "revision": revision,
            "rows": row_count,
            **{name: metadata[name] for name in (SOURCE_AT,) if name in metadata},
            GUARDRAILS: json.loads(metadata.get(GUARDRAILS, "[]")),
        },
    )
    return record_publication(
        ledger,
        product=run.product.name,
        as_of=run.day,
        model_version=run.release.model_version,
        revision=revision,
        release_id=metadata["release_id"],
        row_count=row_count,
        digest=metadata["batch_digest"],
        delta_version=delta_version,
        published_at=dt.datetime.fromisoformat(metadata["published_at"]),
        run_id=metadata["run_id"],
    )


def _shown_again(ledger: Ledger, run: BatchRun, known: Publication) -> Publication:
    """Let consumers read a batch that was published before; one that a person withdrew by hand stays withdrawn."""
    if known.state == "withdrawn" and was_recalled(ledger, known):
        mandate = Mandate(by=f"run {run.facts.run_id}", at=run.facts.at, reason="scored again from sound inputs")
        return restore_recalled(ledger, known, mandate)
    return show_again(ledger, known.publication_id)
