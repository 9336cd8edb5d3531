"""Every call of the endpoint as data: what is sent, and the type of what comes back."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import quote

import msgspec

from platform_assets.contract.experiments import Experiment
from platform_assets.serving.deployments.wire import DeploymentSeen, DeploymentsSeen
from platform_assets.serving.experiments.wire import ExperimentSeen
from platform_assets.serving.health import Health, Readiness
from platform_assets.serving.jobs.wire import JobSeen
from platform_assets.serving.last_predictions.wire import LastPredictions
from platform_assets.serving.wire import Answers, SingleAnswer
from platform_assets.serving.wire_products import Catalogue, ProductSeen

T = TypeVar("T")
Value = str | float | int | bool | dt.datetime | None
Row = Mapping[str, Value]
_OK, _CREATED, _ACCEPTED, _UNREADY = 200, 201, 202, 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """One call. Each may be repeated: it changes nothing, or the same key makes it happen once.

    `answers` are the statuses whose JSON body is a `kind`; everything else is an error.
    """

    method: str
    path: str
    kind: type[T]
    body: Mapping[str, object] | None = None
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    answers: frozenset[int] = frozenset({_OK})

    @property
    def content(self) -> bytes | None:
        """The body as JSON."""
        return None if self.body is None else msgspec.json.encode(self.body)


def predict(
    product: str, entities: Sequence[str] | None, rows: Sequence[Row] | None, event_at: dt.datetime | None
) -> Call[Answers]:
    """Return the call that predicts for entities or for rows."""
    body = _given(product=product, entities=entities, rows=rows, event_at=event_at)
    return Call(method="POST", path="/v1/predict", kind=Answers, body=body)


def predict_one(product: str, features: Row, event_at: dt.datetime | None) -> Call[SingleAnswer]:
    """Return the call that predicts for one row."""
    body = _given(model=product, features=features, event_at=event_at)
    return Call(method="POST", path="/v1/predict", kind=SingleAnswer, body=body)


def last_predictions(
    product: str, entities: Sequence[str], row_keys: Mapping[str, str | Sequence[str]]
) -> Call[LastPredictions]:
    """Return the call that reads what was published last for entities; `row_keys` are the other keys by name."""
    others = [(name, value) for name, sent in row_keys.items() for value in ([sent] if isinstance(sent, str) else sent)]
    query = (*(("entity_id", entity) for entity in entities), *others)
    return Call(method="GET", path=f"/v1/predictions/{_part(product)}", kind=LastPredictions, query=query)


def products() -> Call[Catalogue]:
    """Return the call that reads every contract."""
    return Call(method="GET", path="/v1/products", kind=Catalogue)


def product(name: str) -> Call[ProductSeen]:
    """Return the call that reads one contract."""
    return Call(method="GET", path=f"/v1/products/{_part(name)}", kind=ProductSeen)


def reload(name: str) -> Call[ProductSeen]:
    """Return the call that makes the endpoint take a release at once."""
    return Call(method="POST", path=f"/v1/products/{_part(name)}/reload", kind=ProductSeen)


def health() -> Call[Health]:
    """Return the call that reads the state of every part; being unready is an answer."""
    return Call(method="GET", path="/health", kind=Health, answers=frozenset({_OK, _UNREADY}))


def ready() -> Call[Readiness]:
    """Return the call that asks whether traffic may come; being unready is an answer."""
    return Call(method="GET", path="/readyz", kind=Readiness, answers=frozenset({_OK, _UNREADY}))


def batch_predict(product: str, *, key: str, **told: object) -> Call[JobSeen]:
    """Return the call that starts a job; with the same `key` it is the same job, however often it is sent."""
    body = _given(product=product, **told)
    headers = {"Idempotency-Key": key}
    accepted = frozenset({_OK, _ACCEPTED})
    return Call(method="POST", path="/v1/batch_predict", kind=JobSeen, body=body, headers=headers, answers=accepted)


def job(job_id: str) -> Call[JobSeen]:
    """Return the call that reads how far a job is."""
    return Call(method="GET", path=f"/v1/jobs/{_part(job_id)}", kind=JobSeen)


def cancel(job_id: str) -> Call[JobSeen]:
    """Return the call that cancels a job."""
    return Call(method="POST", path=f"/v1/jobs/{_part(job_id)}/cancel", kind=JobSeen)


def deploy(model: str, *, key: str, **told: object) -> Call[DeploymentSeen]:
    """Return the call that deploys a version; with the same `key` it is the same deployment, however often sent."""
    headers = {"Idempotency-Key": key}
    path = f"/v1/models/{_part(model)}/deploy"
    return Call(method="POST", path=path, kind=DeploymentSeen, body=_given(**told), headers=headers)


def deployment(deployment_id: str) -> Call[DeploymentSeen]:
    """Return the call that reads where a deployment is."""
    return Call(method="GET", path=f"/v1/deployments/{_part(deployment_id)}", kind=DeploymentSeen)


def deployments(limit: int) -> Call[DeploymentsSeen]:
    """Return the call that reads the newest deployments."""
    return Call(method="GET", path="/v1/deployments", kind=DeploymentsSeen, query=(("limit", str(limit)),))


def create_experiment(experiment: Experiment, *, key: str, reason: str | None) -> Call[ExperimentSeen]:
    """Return the call that stores an experiment; with the same `key` it is stored once, however often it is sent."""
    body = msgspec.to_builtins(experiment)
    path = f"/v1/experiments/{_part(body.pop('product'))}"
    headers, created = {"Idempotency-Key": key}, frozenset({_CREATED})
    body |= _given(reason=reason)
    return Call(method="POST", path=path, kind=ExperimentSeen, body=body, headers=headers, answers=created)


def start_experiment(product: str, experiment: str, *, key: str, reason: str) -> Call[ExperimentSeen]:
    """Return the call that starts an experiment; with the same `key` it happens once."""
    return _experiment_change(product, experiment, "start", key, reason)


def stop_experiment(product: str, experiment: str, *, key: str, reason: str) -> Call[ExperimentSeen]:
    """Return the call that stops an experiment; with the same `key` it happens once."""
    return _experiment_change(product, experiment, "stop", key, reason)


def _experiment_change(product: str, experiment: str, action: str, key: str, reason: str) -> Call[ExperimentSeen]:
    path = f"/v1/experiments/{_part(product)}/{_part(experiment)}/{action}"
    headers = {"Idempotency-Key": key}
    return Call(method="POST", path=path, kind=ExperimentSeen, body={"reason": reason}, headers=headers)


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _part(text: str) -> str:
    return quote(text, safe="")
