"""What each route asks of its caller. A route that is not in the table is not served."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from platform_assets.access.words import Action, Facility, Resource


class OfProduct(NamedTuple):
    """A route about the product that its path names; with `is_told_later` its handler logs what was allowed.

    With `is_of_file` it is answered in the version of the published file, else in the one that is in force.
    """

    resource: Resource
    action: Action
    parameter: str = "product"
    is_told_later: bool = False
    is_of_file: bool = False


class OfPlatform(NamedTuple):
    """A route about something that the platform has once."""

    facility: Facility
    action: Action


# Anybody may call `public` routes. `decided_inside` ones know only after reading what is asked: their handlers decide.
Rule = OfProduct | OfPlatform | Literal["public", "decided_inside"]

_CATALOGUE, _DESCRIPTION = OfPlatform("catalogue", "describe"), OfPlatform("description", "describe")
_TENSORS = OfProduct("contract", "describe", "model")
_INFER = OfProduct("online_predictions", "read", "model", is_told_later=True)
_EXPERIMENT = OfProduct("experiments", "experiment")
_MODEL, _VERSION = "/v2/models/{model}", "/v2/models/{model}/versions/{version}"

RULES: Mapping[tuple[str, str], Rule] = {
    ("POST", "/v1/predict"): "decided_inside",
    ("POST", "/predict"): "decided_inside",
    ("POST", "/predict/feast"): "decided_inside",
    ("POST", "/predict/feast/batch"): "decided_inside",
    ("GET", "/v1/predictions/{product}"): OfProduct("published_predictions", "read"),
    ("POST", "/v1/events/{product}"): OfProduct("events", "write"),
    ("GET", "/v1/products"): _CATALOGUE,
    ("GET", "/v1/products/{name}"): OfProduct("contract", "describe", "name"),
    ("POST", "/v1/products/{name}/reload"): OfProduct("releases", "operate", "name"),
    ("GET", "/v1/products/{name}/published"): OfProduct("published_predictions", "read", "name", is_of_file=True),
    ("POST", "/v1/batch_predict"): "decided_inside",
    ("GET", "/v1/jobs"): "decided_inside",
    ("GET", "/v1/jobs/{job_id}"): "decided_inside",
    ("POST", "/v1/jobs/{job_id}/cancel"): "decided_inside",
    ("POST", "/v1/models/{model}/deploy"): OfProduct("releases", "deploy", "model"),
    ("GET", "/v1/deployments"): "decided_inside",
    ("GET", "/v1/deployments/{deployment_id}"): "decided_inside",
    ("GET", "/v1/rollouts/{product}"): OfProduct("rollouts", "observe"),
    ("GET", "/v1/experiments/{product}"): OfProduct("experiments", "observe"),
    ("POST", "/v1/experiments/{product}"): _EXPERIMENT,
    ("POST", "/v1/experiments/{product}/{experiment}/start"): _EXPERIMENT,
    ("POST", "/v1/experiments/{product}/{experiment}/stop"): _EXPERIMENT,
    ("GET", "/v2"): _CATALOGUE,
    ("GET", "/v2/"): _CATALOGUE,
    ("GET", "/v2/health/live"): "public",
    ("GET", "/v2/health/ready"): "public",
    ("GET", _MODEL): _TENSORS,
    ("GET", f"{_MODEL}/ready"): _TENSORS,
    ("POST", f"{_MODEL}/infer"): _INFER,
    ("GET", _VERSION): _TENSORS,
    ("GET", f"{_VERSION}/ready"): _TENSORS,
    ("POST", f"{_VERSION}/infer"): _INFER,
    ("GET", "/livez"): "public",
    ("GET", "/readyz"): "public",
    ("GET", "/health"): OfPlatform("health", "observe"),
    ("GET", "/metrics"): OfPlatform("metrics", "observe"),
    ("GET", "/openapi.json"): _DESCRIPTION,
    ("GET", "/docs"): "public",
    ("GET", "/docs/page.css"): "public",
    ("GET", "/docs/page.js"): "public",
}
PUBLIC_PATHS = frozenset(path for (_, path), rule in RULES.items() if rule == "public")
