"""The operations that change experiments, for the description of the endpoint."""

from typing import Annotated

import msgspec

from platform_assets.errors import (
    AccessDeniedError,
    BodyTooLargeError,
    ExperimentNotKeptError,
    ExperimentStateError,
    InvalidExperimentError,
    KeyReusedError,
    MalformedRequestError,
    NoReleaseError,
    UnknownExperimentError,
    UnknownProductError,
    UnreadableBodyError,
    VersionRefusedError,
)
from platform_assets.serving.experiments.routes import START_PATH, STOP_PATH
from platform_assets.serving.experiments.wire import ChangeWanted, ExperimentSeen, ExperimentWanted
from platform_assets.serving.idempotency import MAX_KEY_LENGTH
from platform_assets.serving.openapi.operation import Operation, Parameter, Reply
from platform_assets.serving.traffic.routes import EXPERIMENT_PATH

_GROUP = "Experiments"
_PRODUCT = Parameter(name="product", place="path", description="The product.", names_product=True)
_EXPERIMENT = Parameter(name="experiment", place="path", description="The id of the experiment.")
_KEY = Parameter(
    name="Idempotency-Key",
    place="header",
    description="The same key with the same request is the same change, made once.",
    kind=Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_KEY_LENGTH, pattern="^[!-~]+$")],
)
_ERRORS = (
    UnreadableBodyError,
    MalformedRequestError,
    BodyTooLargeError,
    AccessDeniedError,
    UnknownProductError,
    ExperimentStateError,
    KeyReusedError,
    ExperimentNotKeptError,
)
_EXAMPLE = {
    "id": "newer-model",
    "unit": "entity",
    "variants": [
        {"name": "control", "release": "live", "share": 0.5},
        {"name": "treatment", "release": "v2", "share": 0.5},
    ],
    "metrics": [{"name": "error_rate", "margin": 0.002}],
    "reason": "trained on three more months",
}


def operations() -> tuple[Operation, ...]:
    """Return the operations in the order of an experiment's life."""
    return (_create(), _start(), _stop())


def _create() -> Operation:
    return Operation(
        method="POST",
        path=EXPERIMENT_PATH,
        operation_id="create_experiment",
        group=_GROUP,
        summary="Store an experiment as a draft.",
        description="The first variant is the control. A release is an id, `live`, or `v` with a model version, and "
        "becomes an id. Nobody is assigned before the start; an id is never used twice.",
        parameters=(_PRODUCT, _KEY),
        request=ExperimentWanted,
        examples={"two releases": _EXAMPLE},
        replies={201: Reply(description="The draft.", kinds=(ExperimentSeen,))},
        errors=(*_ERRORS, InvalidExperimentError, NoReleaseError),
    )


def _start() -> Operation:
    return Operation(
        method="POST",
        path=START_PATH,
        operation_id="start_experiment",
        group=_GROUP,
        summary="Let a draft split the traffic from now on.",
        description="Refused beside another experiment or a rollout, while the product is off, or while another "
        "release than the control is in force. One whose releases cannot be loaded is stopped at once: see `state`.",
        parameters=(_PRODUCT, _EXPERIMENT, _KEY),
        request=ChangeWanted,
        examples={"why": {"reason": "approved by customer intelligence"}},
        replies={200: Reply(description="The experiment.", kinds=(ExperimentSeen,))},
        errors=(*_ERRORS, UnknownExperimentError, VersionRefusedError, NoReleaseError),
    )


def _stop() -> Operation:
    return Operation(
        method="POST",
        path=STOP_PATH,
        operation_id="stop_experiment",
        group=_GROUP,
        summary="End an experiment for good: its control answers everybody again.",
        parameters=(_PRODUCT, _EXPERIMENT, _KEY),
        request=ChangeWanted,
        examples={"why": {"reason": "the campaign is over"}},
        replies={200: Reply(description="The experiment.", kinds=(ExperimentSeen,))},
        errors=(*_ERRORS, UnknownExperimentError),
    )
