"""Versions of an output: their timeline holds to the day, and a declaration that leaves one out is refused."""

import datetime as dt

import msgspec
import pytest

from platform_assets.contract.compile import compile_product, read_product
from platform_assets.contract.product import Product
from platform_assets.contract.rules import broken_rules
from platform_assets.contract.versions import EarlierVersion, VersionState, readable_versions, state_of
from platform_assets.products._discovery import discover_products
from tests.unit.contract.contract_samples import FIRST, second_version

CHURN = next(product for product in discover_products() if product.name == "churn")
SECOND = second_version(CHURN)
DAY, TICK = dt.timedelta(days=1), dt.timedelta(microseconds=1)


def at_version(version: int, *earlier: EarlierVersion) -> Product:
    score = msgspec.structs.replace(CHURN.score, schema_version=version)
    return msgspec.structs.replace(CHURN, score=score, earlier_versions=earlier)


def problems(product: Product) -> list[str]:
    return [str(broken.problem) for broken in broken_rules(product, file_stem=product.name)]


def changed(**fields: object) -> EarlierVersion:
    return msgspec.structs.replace(FIRST, **fields)


@pytest.mark.parametrize(
    ("at", "state"),
    [
        (FIRST.deprecated_at - TICK, "announced"),
        (FIRST.deprecated_at, "deprecated"),
        (FIRST.sunset_at - TICK, "deprecated"),
        (FIRST.sunset_at, "retired"),
        (FIRST.sunset_at + 1000 * DAY, "retired"),
    ],
)
def test_an_earlier_version_is_deprecated_from_its_day_on_and_gone_from_its_sunset_on(
    at: dt.datetime, state: VersionState
) -> None:
    assert state_of(2, [FIRST], 1, at) == state
    assert state_of(2, [FIRST], 2, at) == "current"
    assert state_of(2, [FIRST], 3, at) == "unknown"
    assert readable_versions(2, [FIRST], at) == ([2] if state == "retired" else [2, 1])


def test_the_next_version_with_the_timeline_of_the_one_before_breaks_no_rule() -> None:
    assert problems(SECOND) == []
    assert read_product(compile_product(SECOND)) == SECOND


@pytest.mark.parametrize(
    ("product", "problem"),
    [
        (at_version(2), "version 1 came before 2 and is not in it"),
        (at_version(3, changed(version=2)), "version 1 came before 3 and is not in it"),
        (at_version(3, FIRST), "version 2 came before 3 and is not in it"),
        (at_version(1, FIRST), "version 1 is not below score.schema_version 1"),
        (at_version(2, FIRST, changed(version=0)), "version 0 is not below score.schema_version 2"),
        (at_version(2, FIRST, changed(what_changed="Again.")), "version 1 appears twice"),
        (at_version(2, changed(sunset=FIRST.deprecated_on)), "the sunset 2026-02-01 is not after 2026-02-01"),
        (at_version(2, changed(what_changed=" ")), "it does not say what changed"),
        (at_version(2, changed(link="javascript:alert(1)")), "link 'javascript:alert(1)' is no address"),
        (at_version(0), "0 is below 1"),
    ],
)
def test_a_timeline_with_a_gap_or_a_contradiction_is_refused(product: Product, problem: str) -> None:
    assert problem in problems(product)
