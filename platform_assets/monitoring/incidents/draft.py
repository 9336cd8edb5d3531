"""The drafted cause of an incident: everything that may have caused it, the most probable first."""

import datetime as dt

import msgspec

from platform_assets.contract.product import Product
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.incidents import Incident, add_entry, entries
from platform_assets.monitoring.incidents.candidates import (
    Candidate,
    Scene,
    broken_before,
    failed_runs,
    nothing_ran,
    refused_batches,
    source_gaps,
)
from platform_assets.monitoring.incidents.last_good import LastGood, last_good
from platform_assets.monitoring.incidents.upstream_changes import changed_code, changed_data, moved_traffic

UNKNOWN = "nothing that the platform records has changed since the last good state"
_SHOWN = 8
_SOURCES = (
    refused_batches,
    failed_runs,
    broken_before,
    source_gaps,
    nothing_ran,
    changed_data,
    changed_code,
    moved_traffic,
)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The last good state and what may have broken it since, the most probable first; at most eight."""

    good: LastGood
    causes: tuple[Candidate, ...]

    @property
    def told(self) -> str:
        """The most probable cause in words."""
        return self.causes[0].told if self.causes else UNKNOWN


def draft_cause(ledger: Ledger, product: Product, incident: Incident) -> Draft:
    """Return the probable causes of an incident as far as the records tell; the same records give the same draft."""
    with ledger.reading():
        broke_at = _broke_at(ledger, incident)
        good = last_good(ledger, product, incident, broke_at=broke_at)
        scene = Scene(ledger=ledger, product=product, incident=incident, broke_at=broke_at, good=good)
        found = [candidate for source in _SOURCES for candidate in source(scene) if candidate.score > 0.0]
    ranked = sorted(found, key=lambda one: (-one.score, one.at, one.told))
    return Draft(good=good, causes=tuple(ranked[:_SHOWN]))


def record_draft(ledger: Ledger, product: Product, incident: Incident, at: dt.datetime) -> Draft:
    """Draft the cause and record it in the timeline where the most probable one is another than was recorded last."""
    with ledger.transaction():
        draft = draft_cause(ledger, product, incident)
        if probable_cause(ledger, incident.incident_id) != draft.told:
            facts = {"causes": msgspec.to_builtins(draft.causes), "since": draft.good.told}
            told = draft.told
            add_entry(
                ledger, incident.incident_id, "cause_drafted", told, happened_at=at, recorded_by="platform", facts=facts
            )
        return draft


def probable_cause(ledger: Ledger, incident_id: int) -> str | None:
    """Return the most probable cause as it was drafted last, in words, or None when nothing was drafted yet."""
    drafted = [entry for entry in entries(ledger, incident_id) if entry.kind == "cause_drafted"]
    return max(drafted, key=lambda entry: entry.entry_id).text if drafted else None


def _broke_at(ledger: Ledger, incident: Incident) -> dt.datetime:
    again = [entry.happened_at for entry in entries(ledger, incident.incident_id) if entry.kind == "reopened"]
    return max([incident.opened_at, *again])
