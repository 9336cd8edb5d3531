"""What changed, failed or did not come since the last good state: everything that may have caused a breach."""

import datetime as dt
from collections.abc import Iterator, Sequence

import msgspec

from platform_assets.contract.product import Product
from platform_assets.ledger.artifacts import latest_artifact
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.incidents import Incident, entries
from platform_assets.ledger.promises import promise_changes
from platform_assets.ledger.publications import publications
from platform_assets.ledger.quarantined import quarantined_batches
from platform_assets.monitoring.incidents.happened import recorded_events
from platform_assets.monitoring.incidents.last_good import LastGood
from platform_assets.monitoring.incidents.plausibility import BreachKind, CauseKind, breach_kind, score_of
from platform_assets.monitoring.incidents.reach import is_about_online


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One probable cause; `score` compares candidates of one incident, `evidence` is where to look."""

    kind: CauseKind
    told: str
    at: dt.datetime
    score: float
    evidence: tuple[str, ...] = ()


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One breach, when the promise broke last, and since when the cause is looked for."""

    ledger: Ledger
    product: Product
    incident: Incident
    broke_at: dt.datetime
    good: LastGood

    @property
    def breach(self) -> BreachKind:
        """Which kind of breach it is."""
        return breach_kind(self.incident.promise, self.incident.subject)

    def is_inside(self, at: dt.datetime) -> bool:
        """Tell whether something happened after the last good state and no later than the breach."""
        return self.good.at < at <= self.broke_at

    def candidate(
        self,
        kind: CauseKind,
        told: str,
        at: dt.datetime,
        *,
        evidence: Sequence[str] = (),
        steps: int = 0,
        is_explained: bool = False,
    ) -> Candidate:
        """Return a cause with its score for this breach."""
        before = self.broke_at - at
        score = score_of(kind, self.breach, before=before, steps=steps, is_explained=is_explained)
        return Candidate(kind=kind, told=told, at=at, score=score, evidence=tuple(evidence))


def refused_batches(scene: Scene) -> Iterator[Candidate]:
    """Yield the batches that guardrails refused."""
    for one in quarantined_batches(scene.ledger, scene.product.name):
        if scene.is_inside(one.quarantined_at):
            guardrails = ", ".join(str(reason.get("guardrail", "?")) for reason in one.reasons)
            told = f"the batch as of {one.as_of} was refused by {guardrails}, so that nothing newer was published"
            evidence = [f"platform quarantine show {one.quarantine_id}", f"run {one.run_id}"]
            yield scene.candidate("refused_batch", told, one.quarantined_at, evidence=evidence)


def failed_runs(scene: Scene) -> Iterator[Candidate]:
    """Yield the failed runs that the orchestrator has told of."""
    for event in recorded_events(entries(scene.ledger, scene.incident.incident_id)):
        if event.kind == "run_failed" and scene.is_inside(event.happened_at):
            yield scene.candidate("failed_run", event.told, event.happened_at, evidence=[event.key.replace(":", " ")])


def broken_before(scene: Scene) -> Iterator[Candidate]:
    """Yield the other promises of the product that broke before this one, the last break of each."""
    found: dict[tuple[str, str], Candidate] = {}
    for change in promise_changes(scene.ledger, scene.product.name):
        name = (change.promise, change.subject)
        if name == (scene.incident.promise, scene.incident.subject) or not scene.is_inside(change.changed_at):
            continue
        found.pop(name, None)
        if change.after == "broken" and change.changed_at < scene.broke_at:
            of = f" of {change.subject}" if change.subject else ""
            told = f"the promise {change.promise}{of} was broken before"
            found[name] = scene.candidate("broken_before", told, change.changed_at, evidence=["platform promises"])
    yield from found.values()


def source_gaps(scene: Scene) -> Iterator[Candidate]:
    """Yield that no new raw file has come since the last good state."""
    newest = latest_artifact(scene.ledger, "raw_file", scene.product.dataset)
    if newest is not None and newest.created_at <= scene.good.at:
        told = f"no new content of raw {scene.product.dataset} has come since {newest.created_at:%Y-%m-%d %H:%M} UTC"
        # It is lacking until now: nearness in time says nothing about what did not happen.
        yield scene.candidate("source_gap", told, scene.broke_at, evidence=[newest.artifact_id])


def nothing_ran(scene: Scene) -> Iterator[Candidate]:
    """Yield that no batch was published, refused or failed since the last good state: nobody asked for one."""
    incident = scene.incident
    if scene.breach != "late" or is_about_online(incident.promise, incident.subject):
        return
    made = [one.published_at for one in publications(scene.ledger, scene.product.name)]
    refused = [one.quarantined_at for one in quarantined_batches(scene.ledger, scene.product.name)]
    if not any(map(scene.is_inside, [*made, *refused])) and not any(failed_runs(scene)):
        told = f"no batch was made or refused, and no failed run is known, since {scene.good.at:%Y-%m-%d %H:%M} UTC"
        evidence = [f"is the daemon running, and the schedule {scene.product.batch.cron!r} on? platform status"]
        yield scene.candidate("nothing_ran", told, scene.broke_at, evidence=evidence)
