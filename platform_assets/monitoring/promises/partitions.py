"""Whether each due as-of was published: missing, late and refused ones, where Dagster's freshness sees one asset.

In live mode a day is due at the cron line of the product. In replay mode schedules stand still and the one day that is
due is the last one of the data.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from platform_assets.clock import midnight
from platform_assets.contract.ages import business_now
from platform_assets.contract.cron import firings
from platform_assets.contract.product import Product
from platform_assets.contract.promises import PromiseState
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.promises import Observation, PromiseStanding, promise_standings
from platform_assets.ledger.publications import Publication, publications
from platform_assets.ledger.quarantined import QuarantineRecord, quarantined_batches
from platform_assets.monitoring.promises.guardrails import is_waiting
from platform_assets.settings import Settings

WATCHED_DAYS = 7  # due days, so of a weekly product as many weeks
_LONGEST_CADENCE_DAYS = 92


@dataclass(frozen=True, slots=True)
class Due:
    """An as-of day and when its batch has to run; after the deadline it is late."""

    day: dt.date
    at: dt.datetime
    deadline: dt.datetime | None

    @property
    def subject(self) -> str:
        """The day as the ledger writes it."""
        return self.day.isoformat()


@dataclass(frozen=True, slots=True)
class Batches:
    """What there is of a product: the publications of each as-of day, and the refused batches that wait."""

    made: Mapping[str, list[Publication]]
    refused: Mapping[str, QuarantineRecord]

    @property
    def first(self) -> str:
        """The earliest as-of that was ever published."""
        return min(self.made)

    @property
    def newest(self) -> str:
        """The newest as-of that was ever published."""
        return max(self.made)


def observe_partitions(settings: Settings, ledger: Ledger, product: Product, at: dt.datetime) -> list[Observation]:
    """Return one observation per due as-of day since the first publication, at most the last seven.

    Of an outage of several days the first one is broken and the others wait behind it: it is one breach, however long
    it lasts. A day that is watched no longer owes nothing: what was wrong with it is told as over.
    """
    batches = _batches(ledger, product)
    if not batches.made:
        return []
    due = [one for one in due_days(settings, product, at) if one.subject >= batches.first]
    standings = [one for one in promise_standings(ledger, product.name) if one.promise == "partition"]
    watched = {one.subject for one in due}
    earlier = [one for one in standings if one.state != "kept" and one.subject not in watched]
    oldest = min(watched, default="")
    waiting = [one.subject for one in earlier if batches.newest < one.subject < oldest]
    lost = [*waiting, *(one.subject for one in due if _judge(one, batches, at)[0] == "broken")]
    observed = [_observed(product, one, batches, at, lost) for one in due]
    return [*observed, *(_no_longer_watched(one, lost) for one in earlier)]


def due_days(settings: Settings, product: Product, at: dt.datetime) -> list[Due]:
    """Return the newest due as-of days at a wall time, oldest first."""
    now = business_now(product, settings.clock, at)
    if settings.clock.mode == "replay":
        return [Due(now.date(), midnight(now.date()), None)]
    late_after = dt.timedelta(hours=product.batch.freshness.max_age_hours - product.batch.freshness.warn_hours)
    first = now.date() - dt.timedelta(days=WATCHED_DAYS * _LONGEST_CADENCE_DAYS)
    runs = {instant.date(): instant for instant in firings(product.batch.cron, first, now.date()) if instant <= now}
    return [Due(day, run_at, run_at + late_after) for day, run_at in sorted(runs.items())[-WATCHED_DAYS:]]


def _batches(ledger: Ledger, product: Product) -> Batches:
    made: dict[str, list[Publication]] = {}
    every = publications(ledger, product.name)
    for one in every:
        if one.state == "published":
            made.setdefault(one.as_of, []).append(one)
    refused = quarantined_batches(ledger, product.name)
    return Batches(made, {batch.as_of: batch for batch in refused if is_waiting(ledger, batch, every)})


def _observed(product: Product, due: Due, batches: Batches, at: dt.datetime, lost: Sequence[str]) -> Observation:
    state, standing = _judge(due, batches, at)
    if due.subject in lost and due.subject not in lost[:1]:
        state, standing = "at_risk", f"{standing}, as is {lost[0]}"
    first = batches.made.get(due.subject, [None])[0]
    late_by = at - due.at if first is None else first.published_at - due.at
    facts: dict[str, Any] = {"standing": standing, "due_at": due.at, "deadline": due.deadline}
    if first is not None:
        facts |= {"published_at": first.published_at, "revision": batches.made[due.subject][-1].revision}
    if due.subject in batches.refused:
        facts |= {"quarantine_id": batches.refused[due.subject].quarantine_id}
    return Observation(
        product=product.name,
        promise="partition",
        subject=due.subject,
        state=state,
        value=late_by / dt.timedelta(hours=1) if due.deadline else None,
        limit=(due.deadline - due.at) / dt.timedelta(hours=1) if due.deadline else None,
        unit="hours",
        facts=facts,
    )


def _judge(due: Due, batches: Batches, at: dt.datetime) -> tuple[PromiseState, str]:
    made = batches.made.get(due.subject)
    if made:
        is_late = due.deadline is not None and made[0].published_at > due.deadline
        return "kept", "published late" if is_late else "published"
    if due.subject in batches.refused:
        return "broken", "refused"
    if batches.newest > due.subject:
        return "at_risk", "missing; consumers read a newer one"
    if due.deadline is not None and at > due.deadline:
        return "broken", "missing"
    # Every run takes its time: a day that is still in time is no warning, or each one would be told to its owner.
    return "at_risk" if due.deadline is None else "kept", "due, not published yet"


def _no_longer_watched(stood: PromiseStanding, lost: Sequence[str]) -> Observation:
    """Return that a day of long ago owes nothing any more, unless its outage goes on."""
    if stood.subject not in lost:
        facts = {**stood.facts, "standing": "watched no longer"}
        return Observation(product=stood.product, promise="partition", subject=stood.subject, state="kept", facts=facts)
    return Observation(
        product=stood.product,
        promise="partition",
        subject=stood.subject,
        state="broken" if stood.subject == lost[0] else "at_risk",
        value=stood.value,
        limit=stood.limit,
        unit=stood.unit,
        facts=stood.facts,
    )
