"""Every operation of the published description, with generated requests: documented answers only, and no 5xx."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from platform_assets.serving.openapi.operation import Operation
from platform_assets.serving.openapi.table import all_operations
from platform_assets.serving.traffic.facts import VERSION_HEADER
from tests.integration.whole_endpoint import PRODUCTS, WholeEndpoint, whole_endpoint

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# Readiness is told by the status; everywhere else a 503 has to say that a repeat may help.
SAY_UNREADY = {"readyz", "health", "inference_ready", "inference_model_ready", "inference_model_ready_version"}
BOUNDED = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
NOT_NOW = 503
ANY_PRODUCT = st.sampled_from((None, *PRODUCTS))


# What the endpoint calls an instant ends in the year 2200; JSON Schema cannot say so.
INSTANTS = st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2199, 1, 1), timezones=st.just(dt.UTC))  # noqa: DTZ001
schemathesis.openapi.format("date-time", INSTANTS.map(dt.datetime.isoformat))


@pytest.fixture(scope="module")
def endpoint(online_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeEndpoint]:
    with whole_endpoint(online_server, tmp_path_factory.mktemp("fuzz")) as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def description(endpoint: WholeEndpoint) -> BaseSchema:
    return schemathesis.openapi.from_url(f"{endpoint.url}/openapi.json")


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("told", all_operations(), ids=lambda told: told.operation_id)
def test_every_request_ends_in_a_documented_answer(
    told: Operation, mode: GenerationMode, description: BaseSchema, session: requests.Session
) -> None:
    @given(case=description[told.path][told.method].as_strategy(generation_mode=mode), product=ANY_PRODUCT)
    @BOUNDED
    def ends_well(case: Case[Any], product: str | None) -> None:
        ask_for(case, product)
        response = case.call(session=session, timeout=10)
        if response.status_code == NOT_NOW and told.operation_id not in SAY_UNREADY:
            assert response.json()["retryable"], response.text
            assert response.headers["retry-after"][0].isdecimal()
        assert response.status_code < 500 or response.status_code == NOT_NOW, response.text
        case.validate_response(response, checks=CHECKS)

    ends_well()


def test_every_prediction_request_that_matches_its_schema_is_answered(
    description: BaseSchema, session: requests.Session
) -> None:
    @given(case=description["/v1/predict"]["POST"].as_strategy(generation_mode=GenerationMode.POSITIVE))
    @BOUNDED
    def is_answered(case: Case[Any]) -> None:
        if VERSION_HEADER in case.headers:
            case.headers[VERSION_HEADER] = "1"  # a schema cannot say which versions a product has
        response = case.call(session=session, timeout=10)
        assert response.status_code == 200, response.text

    is_answered()


def ask_for(case: Case[Any], product: str | None) -> None:
    """Put a served product into the path, which generated text would hardly ever hit."""
    for name in {"name", "product", "model"} & set(case.path_parameters):
        if product is not None:
            case.path_parameters[name] = product
