"""Every declared consumer of predictions, in one file. Who is not here may read nothing."""

from collections.abc import Sequence

from platform_assets.contract.consumers import Consumer, Contact, Output, Reading

CONSUMERS = (
    Consumer(
        name="marketing_automation",
        title="Marketing automation (CRM)",
        contact=Contact(team="crm", email="crm@example.com"),
        reads=(
            Reading(
                product="churn",
                output="published_predictions",
                versions=(1,),
                purposes=("retention_offers",),
                importance="high",
                at_cron="0 6 * * 1",
            ),
            Reading(
                product="segments",
                output="published_predictions",
                versions=(1,),
                purposes=("audiences",),
                at_cron="0 6 1 * *",
            ),
        ),
    ),
    Consumer(
        name="retention_desk",
        title="Retention desk",
        contact=Contact(team="customer-care", email="customer-care@example.com"),
        reads=(
            Reading(
                product="churn",
                output="online_predictions",
                versions=(1,),
                purposes=("call_guidance",),
                importance="high",
            ),
            Reading(
                product="clv",
                output="published_predictions",
                versions=(1,),
                purposes=("call_guidance",),
            ),
        ),
    ),
    Consumer(
        name="business_intelligence",
        title="Business intelligence",
        contact=Contact(team="bi", email="bi@example.com"),
        reads=tuple(
            Reading(
                product=product,
                output="published_predictions",
                versions=(1,),
                purposes=("reporting",),
                importance="low",
            )
            for product in ("churn", "clv", "segments", "cancellation_risk", "parking_demand")
        ),
    ),
    Consumer(
        name="order_desk",
        title="Order desk",
        contact=Contact(team="order-desk", email="order-desk@example.com"),
        reads=(
            Reading(
                product="cancellation_risk",
                output="online_predictions",
                versions=(1,),
                purposes=("order_review",),
            ),
        ),
    ),
    Consumer(
        name="parking_pricing",
        title="Parking prices and signs",
        contact=Contact(team="parking", email="parking@example.com"),
        reads=(
            Reading(
                product="parking_demand",
                output="online_predictions",
                versions=(1,),
                purposes=("pricing", "signs"),
                importance="high",
                actions=("read", "submit"),
            ),
            Reading(
                product="parking_demand",
                output="published_predictions",
                versions=(1,),
                purposes=("pricing",),
                at_cron="0 3 * * *",
            ),
        ),
    ),
)


def readers_of(product: str, output: Output | None = None) -> Sequence[tuple[Consumer, Reading]]:
    """Return who reads an output of a product, or any of its outputs, the most important first."""
    order = {"high": 0, "normal": 1, "low": 2}
    found = [
        (consumer, reading)
        for consumer in CONSUMERS
        for reading in consumer.reads
        if reading.product == product and output in (None, reading.output)
    ]
    return sorted(found, key=lambda one: order[one[1].importance])
