"""Contracts in the words of the open standard: held to its own schema and model, and saying what was declared."""

import json
from importlib import resources
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from open_data_contract_standard.model import OpenDataContractStandard

from platform_assets.consumers import readers_of
from platform_assets.contract.open_contract import open_contract
from platform_assets.contract.product import Product
from platform_assets.contract.promises import Freshness
from platform_assets.products._discovery import discover_products
from tests.unit.contract.contract_samples import second_version

SCHEMA = json.loads((resources.files("open_data_contract_standard") / "schema.json").read_text())
PRODUCTS = discover_products()
CHURN = next(product for product in PRODUCTS if product.name == "churn")


def contract(product: Product) -> dict[str, Any]:
    return open_contract(product, readers_of(product.name, "published_predictions"), {})


def promised(product: Product, name: str) -> list[Any]:
    return [told["value"] for told in contract(product)["slaProperties"] if told["property"] == name]


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.name)
def test_every_contract_is_what_the_standard_requires(product: Product) -> None:
    document = contract(product)
    validator = jsonschema_rs.validator_for(SCHEMA)
    assert [error.message for error in validator.iter_errors(document)] == []
    assert OpenDataContractStandard.model_validate(document).schema_ is not None
    assert not validator.is_valid({**document, "kind": "Something"})


def test_a_contract_says_what_a_score_means_what_it_is_for_and_what_it_is_not() -> None:
    product = CHURN
    told = contract(product)["description"]
    assert product.score.meaning in told["purpose"]
    assert told["usage"] == product.score.intended_use
    assert all(limitation in told["limitations"] for limitation in product.score.known_limitations)


def test_a_contract_bounds_the_score_by_its_valid_range() -> None:
    (schema,) = contract(CHURN)["schema"]
    (score,) = (column for column in schema["properties"] if column["name"] == "score")
    assert score["logicalTypeOptions"] == {"minimum": 0.0, "maximum": 1.0}


def test_the_version_of_a_contract_is_that_of_the_output() -> None:
    product = CHURN
    later = msgspec.structs.replace(product, score=msgspec.structs.replace(product.score, schema_version=3))
    assert (contract(product)["version"], contract(later)["version"]) == ("1.0.0", "3.0.0")


def test_a_contract_promises_the_ages_that_are_declared_and_no_other() -> None:
    product = CHURN

    def with_freshness(freshness: Freshness) -> Product:
        return msgspec.structs.replace(product, batch=msgspec.structs.replace(product.batch, freshness=freshness))

    plain = with_freshness(Freshness(max_age_hours=30, warn_hours=26))
    full = with_freshness(
        Freshness(max_age_hours=30, warn_hours=26, max_publication_age_hours=8, max_source_age_hours=50)
    )
    assert [promised(plain, name) for name in ("latency", "publicationAge", "sourceAge")] == [[30], [], []]
    assert [promised(full, name) for name in ("latency", "publicationAge", "sourceAge")] == [[30], [8], [50]]


def test_a_contract_names_who_may_read_it_in_which_version_and_for_what() -> None:
    roles = {role["role"]: role for role in contract(CHURN)["roles"]}
    assert "version 1" in roles["marketing_automation:published_predictions"]["description"]
    assert "retention_offers" in roles["marketing_automation:published_predictions"]["description"]
    assert not any("online" in name for name in roles)


def test_a_contract_tells_the_days_of_its_earlier_versions_and_stays_within_the_standard() -> None:
    document = contract(second_version(CHURN))
    told = {one["property"]: one["value"] for one in document["customProperties"]}
    (earlier,) = told["earlierVersions"]
    assert (earlier["version"], earlier["deprecated_on"], earlier["sunset"]) == (1, "2026-02-01", "2026-09-01")
    assert jsonschema_rs.validator_for(SCHEMA).is_valid(document)
