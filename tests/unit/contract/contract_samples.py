"""A product whose output has a second version, in place of the first."""

import datetime as dt

import msgspec

from platform_assets.contract.features import RequestField
from platform_assets.contract.product import Product
from platform_assets.contract.versions import EarlierVersion

FIRST = EarlierVersion(
    version=1,
    deprecated_on=dt.date(2026, 2, 1),
    sunset=dt.date(2026, 9, 1),
    what_changed="The score is a percentage, and the channel has to be sent.",
    link="https://wiki.example.com/churn/2",
)
CHANNEL = RequestField(name="channel", type="integer", description="How the customer was won.", example=1)


def second_score(product: Product, earlier: EarlierVersion = FIRST) -> Product:
    """Return the declaration of version 2 with another unit and range of the score."""
    score = msgspec.structs.replace(product.score, schema_version=2, high=100.0, unit="percent", threshold=None)
    return msgspec.structs.replace(product, score=score, earlier_versions=(earlier,))


def second_version(product: Product, earlier: EarlierVersion = FIRST) -> Product:
    """Return the declaration of version 2, whose requests have a field that those of version 1 have not."""
    request, unused = (*product.request, CHANNEL), (*product.not_inputs, CHANNEL.name)
    return msgspec.structs.replace(second_score(product, earlier), request=request, not_inputs=unused)
