"""The ages of what is published, by three clocks; see contract/ages.py for what each clock runs from."""

import datetime as dt
from typing import Any

from platform_assets.contract.ages import Age, Stamps, ages_of
from platform_assets.contract.product import Product
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.promises import Observation
from platform_assets.ledger.publication_stamps import stamps_of
from platform_assets.ledger.publications import Publication, current_publication, publications
from platform_assets.monitoring.promises.grace import NEVER_MADE, standing_of, state_without
from platform_assets.settings import Settings


def observe_published(settings: Settings, ledger: Ledger, product: Product, at: dt.datetime) -> list[Observation]:
    """Return one observation per promised age of the publication that consumers read.

    A refused batch is no publication, so it never makes one younger. Before the first publication `data_age` is
    unknown for a grace and then broken; where every batch was withdrawn it is broken at once.
    """
    publication = current_publication(ledger, product.name)
    if publication is None:
        return [_without(ledger, product, at)]
    stamps = stamps_of(ledger, publication)
    ages = ages_of(product, stamps, settings.clock, at)
    return [_observed(settings, product, publication, stamps, age) for age in ages]


def _observed(settings: Settings, product: Product, publication: Publication, stamps: Stamps, age: Age) -> Observation:
    return Observation(
        product=product.name,
        promise=age.name,
        state=age.state,
        value=age.hours,
        limit=age.max_hours,
        unit="hours",
        facts={
            **_facts(publication, stamps),
            "warn_hours": age.warn_hours,
            "clock": settings.clock.mode,
            "suppressed_actions": [action.name for action in product.actions] if age.is_stale else [],
            **({"problem": "the clock is before the batch: correct the clock"} if age.is_before else {}),
        },
    )


def _facts(publication: Publication, stamps: Stamps) -> dict[str, Any]:
    return {
        "as_of": stamps.as_of,
        "published_at": stamps.published_at,
        "source_at": stamps.source_at,
        "release_id": publication.release_id,
        "model_version": publication.model_version,
        "revision": publication.revision,
    }


def _without(ledger: Ledger, product: Product, at: dt.datetime) -> Observation:
    was_withdrawn = bool(publications(ledger, product.name))
    stood = standing_of(ledger, product.name, "data_age")
    problem = "every batch was withdrawn" if was_withdrawn else "no batch was ever published"
    return Observation(
        product=product.name,
        promise="data_age",
        state="broken" if was_withdrawn else state_without(stood, NEVER_MADE, at),
        limit=product.batch.freshness.max_age_hours,
        unit="hours",
        facts={"problem": problem, "suppressed_actions": [action.name for action in product.actions]},
    )
