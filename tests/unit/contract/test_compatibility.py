"""What breaks for consumers between two declarations of the same output schema version, field by field."""

import msgspec
import pytest

from platform_assets.contract.compatibility import breaking_changes
from platform_assets.contract.features import RequestField
from platform_assets.contract.product import Product
from platform_assets.contract.score import Threshold
from platform_assets.products._discovery import discover_products

CHURN, SEGMENTS = (
    next(product for product in discover_products() if product.name == name) for name in ("churn", "segments")
)
HOUR = RequestField(name="hour", type="integer", description="Hour of the day.", example=3, low=0, high=23)
ASKED = msgspec.structs.replace(CHURN, request=(HOUR,))


def scored(product: Product, **changes: object) -> Product:
    return msgspec.structs.replace(product, score=msgspec.structs.replace(product.score, **changes))


def asking(*fields: RequestField) -> Product:
    return msgspec.structs.replace(CHURN, request=fields)


def hour(**changes: object) -> Product:
    return asking(msgspec.structs.replace(HOUR, **changes))


def broken(before: Product, after: Product) -> list[str]:
    return [found.field for found in breaking_changes(before, after)]


@pytest.mark.parametrize("product", discover_products(), ids=lambda product: product.name)
def test_a_declaration_is_compatible_with_itself(product: Product) -> None:
    assert breaking_changes(product, product) == []


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        (CHURN, scored(CHURN, kind="estimate"), "score.kind"),
        (CHURN, scored(CHURN, unit="percent"), "score.unit"),
        (CHURN, scored(CHURN, high=1.01), "score.high"),
        (CHURN, scored(CHURN, low=-0.01), "score.low"),
        (CHURN, scored(CHURN, threshold=None), "score.threshold"),
        (CHURN, scored(CHURN, threshold=Threshold(value=0.5, at_or_above="gone", below="stays")), "score.threshold"),
        (SEGMENTS, scored(SEGMENTS, classes=(*SEGMENTS.score.classes, "new")), "score.classes"),
        (SEGMENTS, scored(SEGMENTS, classes=SEGMENTS.score.classes[::-1]), "score.classes"),
        (ASKED, CHURN, "request.hour"),
        (CHURN, ASKED, "request.hour"),
        (ASKED, hour(type="number"), "request.hour.type"),
        (ASKED, hour(low=1), "request.hour.low"),
        (ASKED, hour(high=22), "request.hour.high"),
        (hour(is_required=False), ASKED, "request.hour"),
        (scored(CHURN, schema_version=2), CHURN, "score.schema_version"),
    ],
)
def test_a_change_that_breaks_consumers_is_named_by_its_field(before: Product, after: Product, field: str) -> None:
    assert broken(before, after) == [field]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (CHURN, scored(CHURN, high=0.99)),
        (CHURN, scored(CHURN, meaning="The same in other words.")),
        (CHURN, scored(CHURN, threshold=Threshold(value=0.6, at_or_above="likely_to_churn", below="likely_to_stay"))),
        (CHURN, hour(is_required=False)),
        (ASKED, hour(low=None, high=24)),
        (ASKED, hour(is_required=False)),
    ],
)
def test_what_gives_consumers_more_room_breaks_nothing(before: Product, after: Product) -> None:
    assert broken(before, after) == []


def test_the_next_schema_version_promises_nothing_about_the_one_before() -> None:
    assert broken(ASKED, scored(CHURN, schema_version=2, kind="estimate", high=9.0)) == []


def test_a_break_reads_as_what_happened_to_which_field() -> None:
    assert [str(found) for found in breaking_changes(CHURN, scored(CHURN, high=2.0))] == [
        "score.high rises from 1 to 2"
    ]
    assert [str(found) for found in breaking_changes(ASKED, CHURN)] == ["request.hour is not taken any more"]


def test_every_break_is_told_at_once() -> None:

    assert broken(ASKED, scored(CHURN, unit="percent", high=100.0)) == ["score.unit", "score.high", "request.hour"]
