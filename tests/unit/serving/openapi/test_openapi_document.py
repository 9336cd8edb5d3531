"""The published document: valid OpenAPI 3.1, with a request schema and working examples for every served product."""

import asyncio
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis

from platform_assets.serving.openapi.publication import Publication
from platform_assets.serving.openapi.table import all_operations
from tests.unit.serving.conftest import Endpoint, Publisher, product_named

pytestmark = pytest.mark.anyio
PRODUCTS = ("churn", "cancellation_risk", "parking_demand")


@pytest.fixture
def served(endpoint: Endpoint) -> Endpoint:
    for product in (*PRODUCTS, "clv"):
        endpoint.publisher.publish(product)
    asyncio.run(endpoint.parts.refresh())
    return endpoint


async def document_of(endpoint: Endpoint) -> dict[str, Any]:
    async with endpoint.client() as client:
        response = await client.get("/openapi.json")
    assert response.status_code == 200
    document: dict[str, Any] = response.json()
    return document


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (told for key, told in value.items() if key == "$ref")
        yield from (found for each in value.values() for found in references(each))
    elif isinstance(value, list):
        yield from (found for each in value for found in references(each))


def body_of(document: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = document["paths"]["/v1/predict"]["post"]["requestBody"]["content"]["application/json"]
    return body


async def test_the_document_is_valid_openapi_and_every_reference_in_it_resolves(served: Endpoint) -> None:
    document = await document_of(served)
    schemathesis.openapi.from_dict(document).validate()
    for reference in references(document):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


async def test_every_schema_of_the_document_is_a_valid_json_schema(served: Endpoint) -> None:
    document = await document_of(served)
    assert "ChurnRow" in document["components"]["schemas"]
    for schema in document["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)


async def test_the_row_of_a_product_shows_its_declared_fields_with_limits_and_examples(served: Endpoint) -> None:
    row = (await document_of(served))["components"]["schemas"]["CancellationRiskRow"]
    declared = {field.name: field for field in product_named("cancellation_risk").request}
    assert set(declared) < set(row["required"])
    for name, field in declared.items():
        told = row["properties"][name]
        assert (told["description"], told["examples"]) == (field.description, [field.example])
    assert (row["properties"]["line_count"]["type"], row["properties"]["line_count"]["minimum"]) == ("integer", 1)
    assert row["additionalProperties"] is False


async def test_a_product_that_needs_more_than_its_key_offers_no_entities(served: Endpoint) -> None:
    schemas = (await document_of(served))["components"]["schemas"]
    offered = {name for name in schemas if name.endswith("EntitiesRequest") and "product" in schemas[name]["required"]}
    assert offered == {"ChurnEntitiesRequest"}


async def test_a_product_that_is_batch_only_is_not_offered(served: Endpoint) -> None:
    assert not [name for name in (await document_of(served))["components"]["schemas"] if name.startswith("Clv")]


async def test_every_example_matches_its_schema_and_is_answered(served: Endpoint) -> None:
    document = await document_of(served)
    body = body_of(document)
    validator = jsonschema_rs.Draft202012Validator({**body["schema"], "components": document["components"]})
    assert len(body["examples"]) == 7
    async with served.client() as client:
        for example in body["examples"].values():
            validator.validate(example["value"])
            response = await client.post("/v1/predict", json=example["value"])
            assert response.status_code == 200, response.text


async def test_the_document_is_made_once_until_a_release_changes(served: Endpoint, publisher: Publisher) -> None:
    publication = Publication(served.parts.releases, all_operations())
    first = publication.current()
    await served.parts.refresh()
    assert publication.current() is first
    publisher.publish("churn", model_version=2)
    await served.parts.refresh()
    assert publication.current() is not first


async def test_an_endpoint_without_releases_still_describes_itself(endpoint: Endpoint) -> None:
    document = await document_of(endpoint)
    schemathesis.openapi.from_dict(document).validate()
    assert body_of(document)["schema"] == {"type": "object"}
