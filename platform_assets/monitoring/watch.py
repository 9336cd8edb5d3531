"""The watch: looks at every promise, records what changed, lets incidents follow and tells who is concerned.

All that follows from one look is one transaction of the ledger, so that a change that is recorded is a change that is
told, and a watch that is killed leaves nothing half done: the next one looks again.
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from types import MappingProxyType

from platform_assets.contract.product import Product
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.promises import (
    Observation,
    PromiseChange,
    forget_settled,
    promise_standing,
    record_observations,
)
from platform_assets.monitoring.alerts.compose import notify
from platform_assets.monitoring.alerts.recipients import recipients_of
from platform_assets.monitoring.cost.online_use import observe_use
from platform_assets.monitoring.figures.shown import show_promises
from platform_assets.monitoring.incidents.follow import follow_incidents
from platform_assets.monitoring.incidents.happened import Witness, no_witness
from platform_assets.monitoring.incidents.moves import IncidentMove
from platform_assets.monitoring.promises.grace import NOT_SEEN, state_without
from platform_assets.monitoring.promises.guardrails import observe_guardrails
from platform_assets.monitoring.promises.online_snapshot import observe_online_snapshot
from platform_assets.monitoring.promises.partitions import observe_partitions
from platform_assets.monitoring.promises.published import observe_published
from platform_assets.monitoring.promises.rollout import observe_rollout
from platform_assets.monitoring.promises.withdrawn import observe_withdrawn
from platform_assets.monitoring.rules.observe import observe_rules
from platform_assets.monitoring.slas.endpoint import look_at_endpoint
from platform_assets.monitoring.slas.observe import observe_slas
from platform_assets.monitoring.slas.repetition import demand_actions
from platform_assets.published.rows import refresh_status
from platform_assets.registry.promotion_holds import show_holds
from platform_assets.settings import Settings

LOG = logging.getLogger("platform.watch")

Observer = Callable[[Settings, Ledger, Product, dt.datetime], Sequence[Observation]]

# Those that only read: what `platform promises` shows is what they find.
OBSERVERS: Mapping[str, Observer] = MappingProxyType(
    {
        "published": observe_published,
        "partitions": observe_partitions,
        "guardrails": observe_guardrails,
        "online_snapshot": observe_online_snapshot,
        "rollout": observe_rollout,
        "withdrawn": observe_withdrawn,
    }
)


@dataclass(frozen=True, slots=True)
class Watched:
    """One look at all promises: what was found and changed by it, what incidents did, how many news were written."""

    observations: Sequence[Observation]
    changes: Sequence[PromiseChange]
    moves: Sequence[IncidentMove]
    notified: int


def watch_promises(
    settings: Settings,
    ledger: Ledger,
    products: Sequence[Product],
    at: dt.datetime,
    *,
    observers: Mapping[str, Observer] | None = None,
    witness: Witness = no_witness,
) -> Watched:
    """Look at the promises of these products at a wall time and let everything that follows from it follow.

    An observer that fails stops no other: that it could not look is a promise of its own (`runs`, with the observer as
    its subject), unknown for a quarter of an hour and then broken. What the witness tells of is in the drafted causes.
    Raises LedgerUnavailableError.
    """
    observations = list(observe(settings, ledger, products, at, observers=observers or every_observer()))
    with ledger.transaction():
        changes = record_observations(ledger, observations, at)
        forget_settled(ledger, "partition", at)
        moves = follow_incidents(ledger, products, changes, at, witness=witness)
        demand_actions(ledger, products, at)
        notified = notify(ledger, recipients_of(settings, products), moves, changes, at)
    show_holds(settings, ledger, [product.name for product in products])
    with suppress(OSError):  # a full disk: what is shown stays behind and tells how old it is
        show_promises(settings, ledger, at)
    return Watched(observations, changes, moves, notified)


def every_observer() -> dict[str, Observer]:
    """Return all observers of one watch; those that count something or write a file run in the watch alone.

    They look at the endpoint once together: one that hangs is waited for once, and not for each product.
    """
    look = lru_cache(maxsize=1)(look_at_endpoint)
    return {
        **OBSERVERS,
        "slas": partial(observe_slas, look=look),
        "rules": partial(observe_rules, look=look),
        "use": partial(observe_use, look=look),
        "published_status": _tell_readers,
    }


def observe(
    settings: Settings,
    ledger: Ledger,
    products: Sequence[Product],
    at: dt.datetime,
    *,
    observers: Mapping[str, Observer] = OBSERVERS,
) -> Iterator[Observation]:
    """Yield what each observer finds of each product at a wall time, and of each one that fails that it could not look.

    Nothing is recorded.
    """
    for product in products:
        for name, observer in observers.items():
            yield from _looked(name, observer, settings, ledger, product, at)


def _looked(
    name: str, observer: Observer, settings: Settings, ledger: Ledger, product: Product, at: dt.datetime
) -> Sequence[Observation]:
    subject = f"watch of {name}"
    stood = promise_standing(ledger, product.name, "runs", subject)
    try:
        found = observer(settings, ledger, product, at)
    except Exception as error:  # the body of a monitor: one that is blind must not blind the others
        LOG.exception("%s: the watch of %s could not look", product.name, name)
        blind = Observation(
            product=product.name,
            promise="runs",
            subject=subject,
            state=state_without(stood, NOT_SEEN, at),
            facts={"problem": f"{type(error).__name__}: {error}"},
        )
        return [blind]
    if stood is None or stood.state == "kept":
        return found
    return [*found, Observation(product=product.name, promise="runs", subject=subject, state="kept")]


def _tell_readers(settings: Settings, _ledger: Ledger, product: Product, at: dt.datetime) -> Sequence[Observation]:
    """Bring the status beside the published file in line with time; it promises nothing of its own."""
    refresh_status(settings, product, at=at)
    return ()
