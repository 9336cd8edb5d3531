"""Takes what was measured of a product and returns its key figures; nothing is asked of a running endpoint."""

import datetime as dt
from collections.abc import Iterator, Sequence

import msgspec

from platform_assets.contract import shown_figures as shown
from platform_assets.contract.product import Product
from platform_assets.contract.shown_figures import ShownValue
from platform_assets.ledger.database import Ledger
from platform_assets.ledger.publications import current_publication
from platform_assets.monitoring.cost.online_use import newest_day
from platform_assets.monitoring.cost.runs import RunUse, past_runs
from platform_assets.monitoring.drift.history import past_drift
from platform_assets.monitoring.figures import figures
from platform_assets.monitoring.figures.figures import Figure, Proof
from platform_assets.monitoring.figures.shown import value_of
from platform_assets.settings import Settings


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """The key figures of a product with the costs beside them, in one currency."""

    product: str
    currency: str
    figures: tuple[Figure, ...]
    cache_saved: float | None
    newest_batch: RunUse | None
    newest_training: RunUse | None


def measure(
    settings: Settings, ledger: Ledger, product: Product, *, proofs: Sequence[Proof], at: dt.datetime
) -> Measured:
    """Return the figures of a product from the records until an instant, with the proofs of its parity."""
    batches, prices = past_runs(settings, product.name, "batch"), settings.costs
    trainings = past_runs(settings, product.name, "training")
    day = newest_day(ledger, product.name, at)
    drift = past_drift(settings, product.name, comparison="batch_from_training")
    found = [
        figures.batch_latency(batches),
        figures.drift_rate(drift, "batch"),
        figures.batch_cost(batches, prices.currency),
    ]
    if product.online is not None:
        live = past_drift(settings, product.name, comparison="live_from_batch")
        found += [
            figures.online_latency(day),
            figures.reused(day),
            figures.parity(proofs),
            figures.drift_rate(live, "online"),
            figures.online_cost(day, prices),
        ]
    return Measured(
        product=product.name,
        currency=prices.currency,
        figures=tuple(found),
        cache_saved=figures.cache_saved(day, prices),
        newest_batch=batches[-1] if batches else None,
        newest_training=trainings[-1] if trainings else None,
    )


def shown_of(ledger: Ledger, measured: Measured) -> Iterator[ShownValue]:
    """Yield what of the figures the endpoint shows."""
    name, currency = measured.product, measured.currency
    for figure in measured.figures:
        if figure.name == "cost_per_thousand":
            yield from value_of(shown.COST_PER_THOUSAND, figure.value, name, figure.mode, currency)
        elif figure.mode == "online" and figure.name in {"parity", "drift_rate"}:
            yield from value_of(shown.PARITY if figure.name == "parity" else shown.DRIFT, figure.value, name)
    yield from value_of(shown.CACHE_SAVED, measured.cache_saved, name, currency)
    if batch := measured.newest_batch:
        yield from value_of(shown.BATCH_SECONDS, batch.seconds, name)
        yield from value_of(shown.BATCH_CPU, batch.cpu_seconds, name)
    if training := measured.newest_training:
        yield from value_of(shown.TRAINING_SECONDS, training.seconds, name)
        yield from value_of(shown.TRAINING_CPU, training.cpu_seconds, name)
        yield from value_of(shown.TRAINING_COST, training.cost, name, training.currency)
    if publication := current_publication(ledger, name):
        as_of = dt.datetime.combine(dt.date.fromisoformat(publication.as_of), dt.time(), dt.UTC)
        yield from value_of(shown.BATCH_ROWS, float(publication.row_count), name)
        yield from value_of(shown.BATCH_PUBLISHED, publication.published_at.timestamp(), name)
        yield from value_of(shown.BATCH_AS_OF, as_of.timestamp(), name)
