"""Who is told: owners and consumers, and the addresses at which this platform can reach them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from platform_assets.alert_settings import AlertSettings
from platform_assets.consumers import CONSUMERS
from platform_assets.contract.consumers import Consumer, Reading
from platform_assets.contract.product import Product
from platform_assets.contract.promises import Owner
from platform_assets.ledger.notifications import Address
from platform_assets.monitoring.incidents.breach import owner_of_breach
from platform_assets.monitoring.incidents.reach import reach_of
from platform_assets.settings import Settings

OPERATOR = "operator"  # whoever reads the one webhook and the one Slack channel of the settings
_CONSUMER = "consumer:"


@dataclass(frozen=True, slots=True)
class Recipients:
    """Everybody who can be told, by declaration, and how they are reached, by settings."""

    products: Mapping[str, Product]
    consumers: Sequence[Consumer]
    alerts: AlertSettings
    dagster_url: str

    def owner_of(self, product: str, promise: str, subject: str) -> Owner | None:
        """Return who answers for a promise: for one about online answers the owner of the online block."""
        declared = self.products.get(product)
        return owner_of_breach(declared, promise, subject) if declared else None

    def hurt_by(self, product: str, promise: str, subject: str) -> list[tuple[Consumer, Reading]]:
        """Return who reads what a broken promise is about; nobody where what they get meanwhile is sound."""
        reach = reach_of(promise, subject)
        if reach.is_spared:
            return []
        return [
            (consumer, reading)
            for consumer in self.consumers
            for reading in consumer.reads
            if reading.product == product and reading.output in reach.outputs
        ]

    def of_owner(self, owner: Owner | None) -> list[Address]:
        """Return where an owner is reached: each configured channel, or else the log of alerts."""
        told: list[Address] = []
        if self.alerts.webhook:
            told.append(Address(channel="webhook", recipient=OPERATOR))
        if self.alerts.slack:
            told.append(Address(channel="slack", recipient=OPERATOR))
        if self.alerts.smtp and owner is not None:
            told.append(Address(channel="email", recipient=owner.email))
        return told or [Address(channel="log", recipient=owner.team if owner else OPERATOR)]

    def of_consumer(self, consumer: Consumer) -> list[Address]:
        """Return where a consumer is reached: its webhook and its mail, or else the log of alerts."""
        name = f"{_CONSUMER}{consumer.name}"
        told: list[Address] = []
        if consumer.contact.webhook and self.alerts.secret:
            told.append(Address(channel="webhook", recipient=name))
        if self.alerts.smtp:
            told.append(Address(channel="email", recipient=consumer.contact.email))
        return told or [Address(channel="log", recipient=name)]

    def consumer_at(self, recipient: str) -> Consumer | None:
        """Return the consumer that a recipient of a webhook names, or None; also for one that is declared no more."""
        name = recipient.removeprefix(_CONSUMER)
        if name == recipient:
            return None
        return next((consumer for consumer in self.consumers if consumer.name == name), None)


def recipients_of(
    settings: Settings, products: Sequence[Product], consumers: Sequence[Consumer] = CONSUMERS
) -> Recipients:
    """Return everybody who can be told about these products."""
    return Recipients(
        products={product.name: product for product in products},
        consumers=consumers,
        alerts=settings.alerts,
        dagster_url=(settings.alerts.dagster_url or f"http://127.0.0.1:{settings.dagster_port}").rstrip("/"),
    )
