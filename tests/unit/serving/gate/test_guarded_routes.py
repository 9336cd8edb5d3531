"""Every route asks who calls: nobody gets past without a credential, and nobody past a grant."""

import re

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from platform_assets.access.words import ROLE_PURPOSES
from platform_assets.errors import UnguardedRouteError
from platform_assets.serving.gate.guarded_routes import guard_routes, rule_of
from platform_assets.serving.gate.rules import PUBLIC_PATHS, RULES, OfPlatform, OfProduct
from platform_assets.serving.openapi.operation import Operation
from platform_assets.serving.openapi.table import all_operations
from platform_assets.serving.routes import build_routes
from tests.unit.serving.gate.conftest import CONSUMER, OTHER, Guarded

pytestmark = pytest.mark.anyio

OPERATIONS = all_operations()
# What each kind of caller gets past, by operation, for the product churn. Written by hand, unlike the grants.
SEES = {"product", "inference_model", "inference_model_version", "inference_model_ready"}
SEES |= {"inference_model_ready_version", "products", "inference_server", "openapi"}
WATCHES = SEES | {"health", "metrics", "rollout", "experiment", "deployments"}
PREDICTS = {"inference_infer", "inference_infer_version"}
CHANGES = {"create_experiment", "start_experiment", "stop_experiment"}
MAY = {
    CONSUMER: SEES | PREDICTS,
    OTHER: {"products", "inference_server", "openapi"},
    "auditor": WATCHES | {"last_predictions", "published"},
    "operator": WATCHES | CHANGES | {"deploy", "reload"},
    "engineer": WATCHES | CHANGES | PREDICTS,
    "service": WATCHES | {"reload"},
    "scraper": {"metrics", "deployments"},
}
NOT_OF_CHURN = {"send_events"}  # it takes in none
EVERY = {each.operation_id for each in OPERATIONS}


def path_of(operation: Operation) -> str:
    return re.sub(r"\{(name|product|model)\}", "churn", operation.path).replace("{version}", "1")


def is_decided_by_its_rule(operation: Operation) -> bool:
    return isinstance(RULES[operation.method, operation.path], OfProduct | OfPlatform)


async def test_nobody_gets_past_any_route_that_is_not_public(guarded: Guarded) -> None:
    async with guarded.client() as client:
        for operation in OPERATIONS:
            answer = await client.request(operation.method, path_of(operation), content=b"{}")
            is_public = operation.path in PUBLIC_PATHS
            assert (answer.status_code != 401) == is_public, operation.path
            if not is_public:
                assert answer.headers["www-authenticate"] == 'Bearer realm="platform"'
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.json()["code"] == "unauthenticated"
                assert ("error" in answer.json()) == operation.path.startswith("/v2")
    assert {path for path in PUBLIC_PATHS if not path.startswith("/docs")} == {
        *("/livez", "/readyz", "/v2/health/live", "/v2/health/ready")
    }
    assert [each for each in guarded.accesses() if each.is_allowed] == []


@pytest.mark.parametrize("sent", ["Bearer x", "Basic x", "Bearer pa_0123456789ab_" + "A" * 43, "Bearer a.b.c"])
async def test_a_credential_that_proves_nothing_is_refused_without_saying_why(guarded: Guarded, sent: str) -> None:
    async with guarded.client() as client:
        answer = await client.get("/v1/products", headers={"Authorization": sent})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (
        401,
        'Bearer realm="platform", error="invalid_token"',
    )
    (access,) = guarded.accesses()
    assert (access.subject, access.output, access.is_allowed) == ("anonymous", "/v1/products", False)


async def test_a_path_that_is_no_route_tells_nobody_so_without_a_credential(guarded: Guarded) -> None:
    async with guarded.client() as client:
        for path in ("/", "/admin", "/v1/", "/v2/nothing", "/livez/", "/%2e%2e/etc/passwd", "//livez", "/docs/page.py"):
            assert (await client.get(path)).status_code == 401, path
        assert (await client.request("OPTIONS", "/v1/predict")).status_code == 401
        assert (await client.head("/metrics")).status_code == 401


@pytest.mark.parametrize("actor", [*MAY, "admin"])
async def test_each_caller_gets_past_exactly_the_routes_of_its_grants(guarded: Guarded, actor: str) -> None:
    passed = set()
    operations = [each for each in OPERATIONS if is_decided_by_its_rule(each)]
    async with guarded.client(actor) as client:
        for operation in operations:
            answer = await client.request(operation.method, path_of(operation), content=b"{}")
            assert answer.status_code != 401, operation.path
            if answer.json().get("code") != "access_denied" if "json" in answer.headers["content-type"] else True:
                passed.add(operation.operation_id)
    asked = {each.operation_id for each in operations}
    assert passed == (asked - NOT_OF_CHURN if actor == "admin" else MAY[actor] & asked)
    denied = [each for each in guarded.accesses() if not each.is_allowed]
    assert len(denied) == len(asked) - len(passed)


def test_every_expectation_names_an_operation() -> None:
    assert {operation for each in MAY.values() for operation in each} <= EVERY
    assert {*MAY, "admin"} == {CONSUMER, OTHER, *ROLE_PURPOSES}


async def test_every_route_has_a_rule_and_every_rule_a_route(guarded: Guarded) -> None:
    routes = build_routes(guarded.endpoint.parts)
    assert all(rule_of(route) for route in routes)
    served = {(method, route.path) for route in routes for method in route.methods or ()}
    assert set(RULES) <= served


async def test_a_route_without_a_rule_is_not_served(guarded: Guarded) -> None:
    async def secret(_: Request) -> Response:
        return Response("secret")

    with pytest.raises(UnguardedRouteError, match="GET /v1/secret"):
        guard_routes([Route("/v1/secret", secret)], guarded.endpoint.parts)


async def test_an_allowed_access_is_logged_once_with_all_that_an_audit_asks(guarded: Guarded) -> None:
    async with guarded.client(CONSUMER) as client:
        await client.post(
            "/v1/predict", json={"product": "churn", "entities": ["13085"]}, headers={"X-Request-Id": "call-7"}
        )
        await client.post(
            "/v2/models/churn/infer",
            json={"inputs": [{"name": "customer_id", "shape": [1], "datatype": "BYTES", "data": ["13085"]}]},
        )
    first, second = guarded.accesses()
    assert (first.subject, first.action, first.output, first.version) == (
        *(CONSUMER, "read", "churn/online_predictions", "1"),
    )
    assert (first.purpose, first.is_allowed, first.request_id) == ("call_guidance", True, "call-7")
    assert first.credential.startswith("key ")
    assert (second.output, second.is_allowed) == (first.output, True)
