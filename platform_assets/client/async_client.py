"""The client for programs on asyncio; `client` is the same for all others. On trio, give `sleep=trio.sleep`."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeVar

import httpx

from platform_assets.client import calls
from platform_assets.client.calls import Call, Row
from platform_assets.client.conversation import Conversation, Conversations, new_request_id
from platform_assets.client.exchange import Arriving, arguments_of, broken_by
from platform_assets.client.retries import RetryPolicy
from platform_assets.client.steps import Broken, Outcome, Pause, Reply, Send, Step
from platform_assets.contract.experiments import Experiment
from platform_assets.contract.rollout import Strategy
from platform_assets.serving.deployments.wire import DEFAULT_LISTED, DeploymentSeen, DeploymentsSeen
from platform_assets.serving.experiments.wire import ExperimentSeen
from platform_assets.serving.health import Health, Readiness
from platform_assets.serving.jobs.wire import JobSeen
from platform_assets.serving.last_predictions.wire import LastPredictions
from platform_assets.serving.wire import Answers, SingleAnswer
from platform_assets.serving.wire_products import Catalogue, ProductSeen

T = TypeVar("T")


class AsyncClient:
    """Calls one endpoint. Tasks may share it; connections are kept and used again until it is closed.

    Every method raises EndpointRefusedError for what the caller can correct, EndpointUnavailableError and
    EndpointUnreachableError after the repeats that `policy` allows, UnreadableAnswerError for what is no such answer.
    """

    def __init__(
        self,
        url: str,
        *,
        policy: RetryPolicy | None = None,
        headers: Mapping[str, str] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Name the endpoint, e.g. http://127.0.0.1:8000; `headers` go with every request."""
        self._http = httpx.AsyncClient(base_url=url, headers=dict(headers or {}))
        self._talks = Conversations(policy=policy or RetryPolicy())
        self._sleep = sleep

    async def predict(
        self,
        product: str,
        *,
        entities: Sequence[str] | None = None,
        rows: Sequence[Row] | None = None,
        event_at: dt.datetime | None = None,
        request_id: str | None = None,
    ) -> Answers:
        """Return one answer per entity or row, in order; give exactly one of the two."""
        return await self._call(calls.predict(product, entities, rows, event_at), request_id)

    async def predict_one(
        self, product: str, features: Row, *, event_at: dt.datetime | None = None, request_id: str | None = None
    ) -> SingleAnswer:
        """Return the answer for one row."""
        return await self._call(calls.predict_one(product, features, event_at), request_id)

    async def last_predictions(
        self, product: str, entities: Sequence[str], **row_keys: str | Sequence[str]
    ) -> LastPredictions:
        """Return what was published last in batch; other row keys are given by name, once or once per entity."""
        return await self._call(calls.last_predictions(product, entities, row_keys))

    async def products(self) -> Catalogue:
        """Return the contract and the freshness of every product."""
        return await self._call(calls.products())

    async def product(self, name: str) -> ProductSeen:
        """Return the contract and the freshness of one product."""
        return await self._call(calls.product(name))

    async def reload(self, name: str) -> ProductSeen:
        """Make the endpoint take the released version at once; for callers on its machine."""
        return await self._call(calls.reload(name))

    async def health(self) -> Health:
        """Return the state of every product and component, also of an endpoint that is not ready."""
        return await self._call(calls.health())

    async def ready(self) -> Readiness:
        """Return whether traffic may come."""
        return await self._call(calls.ready())

    async def batch_predict(
        self,
        product: str,
        *,
        input_uri: str,
        output_uri: str,
        batch_size: int | None = None,
        event_at: dt.datetime | None = None,
        key: str | None = None,
    ) -> JobSeen:
        """Start a job over a file; with a `key` that came before it is the job of that call."""
        told = {"input_uri": input_uri, "output_uri": output_uri, "batch_size": batch_size, "event_at": event_at}
        return await self._call(calls.batch_predict(product, key=key or new_request_id(), **told))

    async def job(self, job_id: str) -> JobSeen:
        """Return how far a job is."""
        return await self._call(calls.job(job_id))

    async def wait_for(self, job_id: str, *, timeout_s: float = 3600.0, poll_s: float = 0.5) -> JobSeen:
        """Return a job once it has ended, well or not; raises JobUnfinishedError after `timeout_s`."""
        return await self._run(self._talks.until_finished(job_id, timeout_s=timeout_s, poll_s=poll_s))

    async def cancel(self, job_id: str) -> JobSeen:
        """Cancel a job; one that has ended stays as it is."""
        return await self._call(calls.cancel(job_id))

    async def deploy(
        self,
        model: str,
        *,
        version: int | str,
        traffic: float | Strategy | None = None,
        replicas: int | None = None,
        reason: str | None = None,
        key: str | None = None,
    ) -> DeploymentSeen:
        """Give a version its first traffic; with a `key` that came before it is the deployment of that call."""
        told = {"version": version, "traffic": traffic, "replicas": replicas, "reason": reason}
        return await self._call(calls.deploy(model, key=key or new_request_id(), **told))

    async def deployment(self, deployment_id: str) -> DeploymentSeen:
        """Return where a deployment is."""
        return await self._call(calls.deployment(deployment_id))

    async def deployments(self, *, limit: int = DEFAULT_LISTED) -> DeploymentsSeen:
        """Return the newest deployments."""
        return await self._call(calls.deployments(limit))

    async def create_experiment(
        self, experiment: Experiment, *, reason: str | None = None, key: str | None = None
    ) -> ExperimentSeen:
        """Store a draft that assigns nobody yet; with a `key` that came before it is the experiment of that call."""
        return await self._call(calls.create_experiment(experiment, key=key or new_request_id(), reason=reason))

    async def start_experiment(
        self, product: str, experiment: str, *, reason: str, key: str | None = None
    ) -> ExperimentSeen:
        """Let a draft assign from now on; with a `key` that came before it stays as it is by now."""
        return await self._call(calls.start_experiment(product, experiment, key=key or new_request_id(), reason=reason))

    async def stop_experiment(
        self, product: str, experiment: str, *, reason: str, key: str | None = None
    ) -> ExperimentSeen:
        """Let the control answer everybody again; with a `key` that came before it stays as it is by now."""
        return await self._call(calls.stop_experiment(product, experiment, key=key or new_request_id(), reason=reason))

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        """Close at the end of the block."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()

    async def _call(self, call: Call[T], request_id: str | None = None) -> T:
        return await self._run(self._talks.once(call, request_id))

    async def _run(self, conversation: Conversation[T]) -> T:
        outcome: Outcome = None
        while True:
            try:
                step = conversation.send(outcome)
            except StopIteration as end:
                answer: T = end.value
                return answer
            outcome = await self._take(step)

    async def _take(self, step: Step) -> Outcome:
        if isinstance(step, Pause):
            await self._sleep(step.seconds)
            return None
        return await self._exchange(step)

    async def _exchange(self, send: Send) -> Reply | Broken:
        arriving = Arriving(send)
        try:
            async with self._http.stream(**arguments_of(send)) as response:
                async for part in response.aiter_bytes():
                    arriving.add(part)
                return arriving.reply(response)
        except httpx.RequestError as error:
            return broken_by(error)
