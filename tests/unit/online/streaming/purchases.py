"""A declaration and events that tests of streaming share: purchases that are counted, summed and looked back on."""

import datetime as dt
import random
from collections.abc import Sequence

from platform_assets.clock import epoch_seconds
from platform_assets.contract.features import RequestField
from platform_assets.contract.streaming import Measure, StreamedColumn, StreamingFeatures
from platform_assets.online.streaming.events import Moment, ReadyEvent, Scalar, read_event

NOON = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)
NOW = Moment(epoch_seconds(NOON), epoch_seconds(NOON))
PRODUCT = "spending"
PURCHASES = StreamingFeatures(
    event="purchase",
    description="Somebody bought something.",
    view="customer_totals",
    key=("customer_id",),
    fields=(RequestField(name="amount", type="number", description="In pounds.", example=9.5, low=0, high=100_000),),
    measures=(Measure(name="spent", field="amount"),),
    columns=(
        StreamedColumn(column="total_purchases", operation="plus_count"),
        StreamedColumn(column="total_amount", operation="plus_sum", measure="spent"),
    ),
    batch="select customer_id, ordered_at as event_at, amount from orders",
    bucket_minutes=60,
    retention_hours=24,
)


def purchase(number: int, *, at: dt.datetime, customer: str = "c1", amount: float = 9.5) -> dict[str, Scalar]:
    """Return an event as a producer sends it."""
    return {"event_id": f"e{number}", "event_at": at.isoformat(), "customer_id": customer, "amount": amount}


def ready(sent: dict[str, Scalar], streaming: StreamingFeatures = PURCHASES) -> ReadyEvent:
    """Return an event that is fine."""
    event = read_event(PRODUCT, streaming, sent, NOW)
    assert isinstance(event, ReadyEvent), event
    return event


def some_purchases(count: int, *, seed: int, hours: float = 20.0, customers: int = 7) -> list[dict[str, Scalar]]:
    """Return distinct events of the last hours."""
    chance = random.Random(seed)  # noqa: S311 - the same events in every run
    return [
        purchase(
            number,
            at=NOON - dt.timedelta(seconds=round(chance.uniform(0, hours * 3600), 3)),
            customer=f"c{chance.randrange(customers)}",
            amount=round(chance.uniform(0.01, 999.99), 2),
        )
        for number in range(count)
    ]


def with_repeats(events: Sequence[dict[str, Scalar]], *, seed: int, share: float = 0.3) -> list[dict[str, Scalar]]:
    """Return the events shuffled, some of them twice."""
    chance = random.Random(seed)  # noqa: S311 - as above
    mixed = [*events, *chance.sample(list(events), int(len(events) * share))]
    chance.shuffle(mixed)
    return mixed
