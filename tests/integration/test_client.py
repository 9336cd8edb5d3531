"""The typed client against a real endpoint, and against a real server that misbehaves."""

import time
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest

from platform_assets.client.async_client import AsyncClient
from platform_assets.client.client import Client
from platform_assets.client.retries import RetryPolicy
from platform_assets.contract.names import PREDICTION_STREAM
from platform_assets.contract.prediction_log import decode_entry
from platform_assets.errors import EndpointRefusedError, EndpointUnavailableError, EndpointUnreachableError
from platform_assets.online.connection import connect
from platform_assets.online.stream import read_batch
from platform_assets.serving.health import Readiness
from platform_assets.settings import PROJECT_ROOT, Settings
from tests.integration.misbehaving import Behaviour, misbehaving
from tests.integration.whole_endpoint import KNOWN, PRODUCTS, WholeEndpoint, whole_endpoint
from tests.unit.serving.test_heart import ORDER as ORDER_BODY

ORDER = cast("dict[str, str | float]", ORDER_BODY)
QUICK = RetryPolicy(deadline_s=2.0, attempt_s=0.3, first_pause_s=0.01, longest_pause_s=0.02)
Ask = Callable[[str, RetryPolicy], Readiness]


@pytest.fixture(scope="module")
def endpoint(online_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeEndpoint]:
    with whole_endpoint(online_server, tmp_path_factory.mktemp("client")) as endpoint:
        yield endpoint


@pytest.fixture
def client(endpoint: WholeEndpoint) -> Iterator[Client]:
    with Client(endpoint.url) as client:
        yield client


def ask_in_turn(url: str, policy: RetryPolicy) -> Readiness:
    with Client(url, policy=policy) as client:
        return client.ready()


def ask_on_a_loop(url: str, policy: RetryPolicy) -> Readiness:
    import asyncio  # noqa: PLC0415 - the sequential half of the tests needs no loop

    async def ask() -> Readiness:
        async with AsyncClient(url, policy=policy) as client:
            return await client.ready()

    return asyncio.run(ask())


both = pytest.mark.parametrize("ask", [ask_in_turn, ask_on_a_loop])


def test_predictions_for_entities_rows_and_one_row_come_as_typed_answers(client: Client) -> None:
    answers = client.predict("churn", entities=[KNOWN, "nobody"], request_id="order-17")
    known, unknown = answers.predictions
    assert (answers.request_id, known.fallback, known.reason) == ("order-17", "none", None)
    assert (unknown.fallback, unknown.reason) == ("default_score", "unknown_entity")
    assert known.as_of is not None
    (row,) = client.predict("cancellation_risk", rows=[ORDER], event_at=known.as_of).predictions
    one = client.predict_one("cancellation_risk", ORDER, event_at=known.as_of)
    assert (one.prediction, one.event_at) == (row.score, known.as_of)
    assert one.confidence is not None


def test_the_request_id_of_a_call_is_the_one_in_the_prediction_log(client: Client, endpoint: WholeEndpoint) -> None:
    answer = client.predict("churn", entities=[KNOWN], request_id="find-me").predictions[0]
    assert answer.prediction_id in _logged_under("find-me", endpoint.settings)


def _logged_under(request_id: str, settings: Settings) -> set[str]:
    with connect(settings.online_url) as store:
        for _ in range(200):  # the log is written behind the answer
            entries = [decode_entry(content) for _, content in read_batch(store, PREDICTION_STREAM, "0-0", 10_000)]
            found = {entry.prediction_id for entry in entries if entry.request_id == request_id}
            if found:
                return found
            time.sleep(0.05)
    return set()


def test_products_health_and_readiness_come_as_typed_answers(client: Client) -> None:
    assert {each.product for each in client.products().products} == set(PRODUCTS)
    seen = client.product("churn")
    assert seen.contract is not None
    assert seen.contract.row_keys == ("customer_id",)
    assert client.ready().is_ready
    assert client.health().is_ready


def test_the_last_published_predictions_come_with_their_age(client: Client) -> None:
    told = client.last_predictions("churn", [KNOWN, "nobody"])
    assert [(each.entity_id, each.score) for each in told.predictions] == [(KNOWN, 0.31)]
    assert told.missing == [{"customer_id": "nobody"}]
    assert told.predictions[0].age_seconds > 0


def test_a_release_is_taken_at_once_when_the_client_says_so(client: Client, endpoint: WholeEndpoint) -> None:
    release = endpoint.publisher.publish("parking_demand", model_version=2)
    taken = client.reload("parking_demand").release
    assert taken is not None
    assert (taken.release_id, taken.model_version) == (release.release_id, 2)


def test_a_job_runs_to_its_end_and_the_same_key_is_the_same_job(client: Client, endpoint: WholeEndpoint) -> None:
    exchange = endpoint.settings.exchange_dir
    exchange.mkdir(parents=True, exist_ok=True)
    (exchange / "rows.csv").write_text("customer_id\n" + "".join(f"{number}\n" for number in range(2500)))
    files: dict[str, Any] = {"input_uri": "rows.csv", "output_uri": "scores.csv", "key": "monday"}
    started = client.batch_predict("churn", **files)
    again = client.batch_predict("churn", **files)
    ended = client.wait_for(started.job_id, timeout_s=60.0, poll_s=0.1)
    assert again.job_id == started.job_id
    assert (ended.status, ended.rows_done, ended.progress) == ("succeeded", 2500, "100%")
    assert client.cancel(started.job_id).status == "succeeded"
    assert len((exchange / "scores.csv").read_text().splitlines()) == 2501


def test_a_refusal_carries_everything_that_the_problem_says(client: Client) -> None:
    with pytest.raises(EndpointRefusedError, match="unknown_product") as caught:
        client.predict("weather", entities=["1"], request_id="mine")
    error = caught.value
    assert (error.problem_code, error.http_status, error.request_id) == ("unknown_product", 404, "mine")
    assert "known: cancellation_risk, churn" in error.detail
    assert error.retryable is False


def test_a_name_with_slashes_stays_one_part_of_the_path(client: Client) -> None:
    with pytest.raises(EndpointRefusedError) as caught:
        client.product("../../metrics?x#y")
    assert caught.value.http_status == 404


def test_the_program_in_the_documents_prints_what_may_be_acted_on(
    endpoint: WholeEndpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (PROJECT_ROOT / "docs" / "client.md").read_text()
    program = page.split("```python\n")[1].split("```")[0].replace("http://127.0.0.1:8000", endpoint.url)
    exec(compile(program, "docs/client.md", "exec"), {})  # noqa: S102 - our own page
    assert capsys.readouterr().out.startswith(f"{KNOWN} ")


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_the_asynchronous_client_answers_the_same(endpoint: WholeEndpoint) -> None:
    async with AsyncClient(endpoint.url) as client:
        answers = await client.predict("churn", entities=[KNOWN])
        single = await client.predict_one("churn", {"customer_id": KNOWN})
        assert single.score == answers.predictions[0].score
        assert {each.product for each in (await client.products()).products} == set(PRODUCTS)
        assert (await client.last_predictions("churn", [KNOWN])).predictions[0].score == 0.31
        assert (await client.health()).is_ready
        with pytest.raises(EndpointRefusedError, match="unknown_job"):
            await client.wait_for("nothing", timeout_s=1.0)


@both
@pytest.mark.parametrize("first", ["busy", "hang", "reset", "cut", "html"])
def test_one_failure_is_repeated_under_the_same_request_id(ask: Ask, first: Behaviour) -> None:
    with misbehaving(first, "answer") as server:
        assert ask(server.url, QUICK).is_ready
        assert len(server.requests) == 2
        assert len(set(server.request_ids)) == 1


@both
def test_an_endpoint_that_stays_busy_is_told_with_its_problem(ask: Ask) -> None:
    with misbehaving("busy") as server:
        with pytest.raises(EndpointUnavailableError, match="come back") as caught:
            ask(server.url, QUICK)
        assert (caught.value.problem_code, caught.value.request_id) == ("overloaded", "r")
        assert len(server.requests) == QUICK.attempts


@both
def test_an_endpoint_that_asks_for_more_time_than_there_is_gets_no_second_request(ask: Ask) -> None:
    with misbehaving("busy", retry_after="60") as server:
        with pytest.raises(EndpointUnavailableError):
            ask(server.url, QUICK)
        assert len(server.requests) == 1


@both
@pytest.mark.parametrize("behaviour", ["hang", "reset", "cut", "trickle"])
def test_a_server_that_never_gives_a_whole_answer_ends_in_one_error(ask: Ask, behaviour: Behaviour) -> None:
    with misbehaving(behaviour) as server:
        with pytest.raises(EndpointUnreachableError, match="no answer came"):
            ask(server.url, QUICK)
        assert 2 <= len(server.requests) <= QUICK.attempts


@both
def test_an_address_where_nothing_listens_ends_in_the_same_error(ask: Ask, own_port: int) -> None:
    with pytest.raises(EndpointUnreachableError, match="ConnectError"):
        ask(f"http://127.0.0.1:{own_port}", QUICK)


def test_connections_are_kept_and_used_again(endpoint: WholeEndpoint) -> None:
    with Client(endpoint.url) as client:
        for _ in range(5):
            client.ready()
        pool = client._http._transport._pool  # type: ignore[attr-defined]  # noqa: SLF001 - httpx tells it nowhere else
        assert len(pool.connections) == 1
