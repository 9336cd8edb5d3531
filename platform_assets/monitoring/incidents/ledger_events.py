"""What the ledger knows to have happened to a product: batches, refusals, decisions, traffic, models and data."""

import datetime as dt
from collections.abc import Iterator

from platform_assets.contract.names import feature_service, last_batch_service
from platform_assets.contract.product import Product
from platform_assets.ledger.artifacts import ArtifactKind, artifacts
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.decisions import Decision, decisions, model_version_subject
from platform_assets.ledger.models import model_versions
from platform_assets.ledger.promises import promise_changes
from platform_assets.ledger.publications import publications
from platform_assets.ledger.quarantined import quarantined_batches
from platform_assets.ledger.snapshots import snapshots
from platform_assets.ledger.traffic_moves import traffic_moves
from platform_assets.monitoring.incidents.breach import measured
from platform_assets.monitoring.incidents.happened import HappenedEvent, promise_key

_PLATFORM = "platform"


def ledger_events(ledger: Ledger, product: Product, *, since: dt.datetime, until: dt.datetime) -> list[HappenedEvent]:
    """Return everything that happened to a product between two instants, both included, oldest first."""
    with ledger.reading():
        found = [
            *_promises(ledger, product),
            *_publications(ledger, product),
            *_quarantined(ledger, product),
            *_decisions(ledger, product),
            *_traffic(ledger, product),
            *_snapshots(ledger, product),
            *_models(ledger, product),
            *_data(ledger, product),
        ]
    inside = [event for event in found if since <= event.happened_at <= until]
    return sorted(inside, key=lambda event: (event.happened_at, event.key))


def _promises(ledger: Ledger, product: Product) -> Iterator[HappenedEvent]:
    for change in promise_changes(ledger, product.name):
        of = f" of {change.subject}" if change.subject else ""
        yield HappenedEvent(
            key=promise_key(change.change_id),
            kind="promise",
            happened_at=change.changed_at,
            told=f"{change.promise}{of}: {change.before} -> {change.after}{measured(change)}",
            by=_PLATFORM,
            facts={"promise": change.promise, "subject": change.subject, "after": change.after},
        )


def _publications(ledger: Ledger, product: Product) -> Iterator[HappenedEvent]:
    for one in publications(ledger, product.name):
        yield HappenedEvent(
            key=f"publication:{one.publication_id}",
            kind="publication",
            happened_at=one.published_at,
            told=f"batch as of {one.as_of} is published: revision {one.revision} of model version {one.model_version}, "
            f"{one.row_count} rows",
            by=f"run {one.run_id}",
            facts={"digest": one.digest, "as_of": one.as_of},
        )


def _quarantined(ledger: Ledger, product: Product) -> Iterator[HappenedEvent]:
    for one in quarantined_batches(ledger, product.name):
        guardrails = ", ".join(str(reason.get("guardrail", "?")) for reason in one.reasons)
        yield HappenedEvent(
            key=f"quarantine:{one.quarantine_id}",
            kind="quarantine",
            happened_at=one.quarantined_at,
            told=f"batch as of {one.as_of} is refused by {guardrails} (batch {one.quarantine_id} in quarantine)",
            by=f"run {one.run_id}",
            facts={"reasons": one.reasons, "as_of": one.as_of},
        )


def _decisions(ledger: Ledger, product: Product) -> Iterator[HappenedEvent]:
    versions = [model_version_subject(product.name, one.version) for one in model_versions(ledger, product.name)]
    shown = {str(one.publication_id) for one in publications(ledger, product.name)}
    refused = {str(one.quarantine_id) for one in quarantined_batches(ledger, product.name)}
    yield from (_decided(one) for one in decisions(ledger, "model_version") if one.subject in versions)
    yield from (_decided(one) for one in decisions(ledger, "publication") if one.subject in shown)
    yield from (_decided(one) for one in decisions(ledger, "quarantined_batch") if one.subject in refused)
    yield from (_decided(one) for one in decisions(ledger, "rollback", product.name))


def _decided(one: Decision) -> HappenedEvent:
    return HappenedEvent(
        key=f"decision:{one.decision_id}",
        kind="decision",
        happened_at=one.decided_at,
        told=f"{one.kind.replace('_', ' ')} {one.subject} is {one.verdict.replace('_', ' ')}: {one.reason}",
        by=one.decided_by,
    )


def _traffic(ledger: Ledger, product: Product) -> Iterator[HappenedEvent]:
    for move in traffic_moves(ledger, product.name):
        share = f", {move.share:.0%} to {move.candidate}" if move.share else ""
        yield HappenedEvent(
            key=f"traffic:{move.sequence}",
            kind="traffic",
            happened_at=move.moved_at,
            told=f"traffic {move.kind.replace('_', ' ')}: release {move.release_id} answers{share}: {move.reason}",
            by=move.moved_by,
            facts={"release": move.release_id, "candidate": move.candidate, "kind": move.kind},
        )


def _snapshots(ledger: Ledger, product: Product) -> Iterator[HappenedEvent]:
    services = (feature_service(product.name, product.features.version), last_batch_service(product.name))
    for one in (one for service in services for one in snapshots(ledger, service)):
        yield HappenedEvent(
            key=f"snapshot:{one.sequence}",
            kind="snapshot",
            happened_at=one.published_at,
            told=f"online snapshot {one.snapshot_id} of {one.service} as of {one.as_of:%Y-%m-%d %H:%M}: {one.rows} "
            f"rows, {one.changed} changed, {one.deleted} deleted",
            by=f"run {one.run_id}",
        )


def _models(ledger: Ledger, product: Product) -> Iterator[HappenedEvent]:
    for one in model_versions(ledger, product.name):
        yield HappenedEvent(
            key=f"model:{one.version}",
            kind="model",
            happened_at=one.created_at,
            told=f"model version {one.version} is trained",
            by=f"run {one.training_run_id}",
        )


def _data(ledger: Ledger, product: Product) -> Iterator[HappenedEvent]:
    named: list[tuple[ArtifactKind, str]] = [("raw_file", product.dataset)]
    named += [("feature_history", use.view) for use in product.features.views]
    for kind, name in named:
        for one in artifacts(ledger, kind, name):
            yield HappenedEvent(
                key=f"data:{one.artifact_id}",
                kind="data",
                happened_at=one.created_at,
                told=f"{kind.replace('_', ' ')} {name} has new content {one.digest[:12]}",
                by=f"run {one.run_id}",
            )
