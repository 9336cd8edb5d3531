"""The ages of what is published, by three clocks; see contract/ages.py for what each clock runs from."""

import datetime as dt
from collections.abc import Mapping

import msgspec

from platform_assets.contract.ages import Age, ages_of
from platform_assets.contract.product import Product
from platform_assets.contract.promises import PromiseState
from platform_assets.errors import NotMaterializedError
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.promises import Observation, promise_standing
from platform_assets.ledger.publications import Publication, current_publication, publications
from platform_assets.monitoring.promises.grace import NEVER_MADE, NOT_SEEN, state_without
from platform_assets.published.rows import published_status
from platform_assets.published.status import PublishedBatch
from platform_assets.settings import Settings

_BEHIND = "the published file still shows the batch before: materialize published_predictions"
_UNREADABLE = "readers get nothing, the published file is gone or damaged: materialize published_predictions"
_SET_BACK = "the clock is before the batch: correct the clock"


def observe_published(settings: Settings, ledger: Ledger, product: Product, at: dt.datetime) -> list[Observation]:
    """Return one observation per promised age of the publication that consumers read.

    A refused batch is no publication, so it never makes one younger, and neither does one that the published file does
    not show yet. Before the first publication, or without a published file that can be read, `data_age` is unknown for
    a grace and then broken; where every batch was withdrawn it is broken at once.
    """
    publication = current_publication(ledger, product.name)
    if publication is None:
        return [_without(ledger, product, at)]
    try:
        shown = published_status(settings, product, at=at).batch
    except NotMaterializedError:
        return [_unreadable(ledger, product, publication, at)]
    behind = {} if shown.batch_digest == publication.digest else {"problem": _BEHIND}
    ages = ages_of(product, shown.stamps, settings.clock, at)
    return [_observed(settings, product, shown, age, behind) for age in ages]


def _observed(
    settings: Settings, product: Product, shown: PublishedBatch, age: Age, problem: Mapping[str, str]
) -> Observation:
    return Observation(
        product=product.name,
        promise=age.name,
        state=age.state,
        value=age.hours,
        limit=age.max_hours,
        unit="hours",
        facts={
            **msgspec.structs.asdict(shown.stamps),
            "release_id": shown.release_id,
            "model_version": shown.model_version,
            "revision": shown.revision,
            "warn_hours": age.warn_hours,
            "clock": settings.clock.mode,
            "suppressed_actions": [action.name for action in product.actions] if age.is_stale else [],
            **({"problem": _SET_BACK} if age.is_before else problem),
        },
    )


def _without(ledger: Ledger, product: Product, at: dt.datetime) -> Observation:
    was_withdrawn = bool(publications(ledger, product.name))
    stood = promise_standing(ledger, product.name, "data_age")
    problem = "every batch was withdrawn" if was_withdrawn else "no batch was ever published"
    return _unmeasured(product, "broken" if was_withdrawn else state_without(stood, NEVER_MADE, at), problem)


def _unreadable(ledger: Ledger, product: Product, publication: Publication, at: dt.datetime) -> Observation:
    """Return that nobody can read what is published; its file is written a moment after the record of it."""
    stood = promise_standing(ledger, product.name, "data_age")
    if stood is not None:
        stood = msgspec.structs.replace(stood, since=max(stood.since, publication.published_at))
    return _unmeasured(product, state_without(stood, NOT_SEEN, at), _UNREADABLE)


def _unmeasured(product: Product, state: PromiseState, problem: str) -> Observation:
    return Observation(
        product=product.name,
        promise="data_age",
        state=state,
        limit=product.batch.freshness.max_age_hours,
        unit="hours",
        facts={"problem": problem, "suppressed_actions": [action.name for action in product.actions]},
    )
