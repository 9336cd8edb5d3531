"""A request is read the same whether it is plain enough for the fast reader or not."""

import asyncio
import json

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_assets.errors import PlatformError
from platform_assets.serving.asked import Asked, ask, ask_plainly
from platform_assets.serving.releases import Releases
from platform_assets.serving.rows import read_plain_rows
from platform_assets.serving.wire import PredictRequest, read_plain_request, read_request
from tests.unit.serving.conftest import make_endpoint
from tests.unit.serving.test_heart import ORDER, SLOT

PRODUCTS = ("churn", "cancellation_risk", "parking_demand")


@pytest.fixture(scope="session")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Releases:
    endpoint = make_endpoint(tmp_path_factory.mktemp("asked"))
    for product in PRODUCTS:
        endpoint.publisher.publish(product)
    asyncio.run(endpoint.parts.refresh())
    return endpoint.parts.releases


def outcome(releases: Releases, body: bytes, *, is_plain_allowed: bool) -> Asked | str:
    request = PredictRequest()  # each way keeps its own form of it
    try:
        plain = ask_plainly(releases, body) if is_plain_allowed else None
        asked = plain or ask(releases, read_request(body))
        return asked._replace(request=request)
    except PlatformError as error:
        return str(error)


def is_read_plainly(releases: Releases, body: bytes) -> bool:
    request = read_plain_request(body)
    live = releases.states[request.only_product or ""].live if request else None
    return bool(request and live and read_plain_rows(live.schema, request))


STORED = ["order_count", "last_order_at", "gap_days_std", "parked_last_week_ratio"]
values = (
    st.sampled_from(
        [*ORDER.values(), *SLOT.values(), "", " ", None, True, 0, -0.0, -1, 1.5, 3.0, 2**53, 2**53 + 1, 1e300]
    )
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4)
)
rows = st.dictionaries(st.sampled_from([*ORDER, *SLOT, *STORED, "colour"]), values, max_size=14)
bases: st.SearchStrategy[dict[str, object]] = st.sampled_from([{**ORDER}, {**SLOT}, {"customer_id": "13085"}])
complete = st.builds(lambda base, more: {**base, **more}, bases, rows)
whole = st.sampled_from([ORDER, SLOT, {"customer_id": "13085", "order_count": 3, "last_order_at": None}])
body_of = st.fixed_dictionaries(
    {},
    optional={
        "product": st.sampled_from([*PRODUCTS, "clv"]),
        "model": st.sampled_from(PRODUCTS),
        "rows": st.lists(whole | complete | rows, max_size=3) | st.none(),
        "features": whole | complete | st.none(),
        "entities": st.lists(st.text(max_size=3) | st.just("13085"), max_size=3),
        "event_at": st.sampled_from(["2011-12-09", "soon", "2011-12-09T12:00:00+02:00"]) | st.none(),
        "colour": st.just(1),
    },
)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=body_of)
def test_the_fast_reader_reads_what_the_strict_one_reads_and_words_no_error_itself(
    releases: Releases, body: dict[str, object]
) -> None:
    content = json.dumps(body).encode()
    assert outcome(releases, content, is_plain_allowed=True) == outcome(releases, content, is_plain_allowed=False)


@pytest.mark.parametrize(
    "body",
    [
        {"product": "churn", "entities": ["13085"]},
        {"product": "churn", "rows": [{"customer_id": "13085", "order_count": 3, "gap_days_std": None}]},
        {"model": "cancellation_risk", "features": ORDER},
        {"product": "parking_demand", "rows": [SLOT], "event_at": "2011-12-09"},
    ],
)
def test_an_ordinary_request_takes_the_fast_reader(releases: Releases, body: dict[str, object]) -> None:
    assert is_read_plainly(releases, msgspec.json.encode(body))
