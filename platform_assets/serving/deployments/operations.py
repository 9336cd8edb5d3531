"""The operations of deployments, for the description of the endpoint."""

from typing import Annotated

import msgspec

from platform_assets.errors import (
    AccessDeniedError,
    AlreadyInForceError,
    BodyTooLargeError,
    DeploymentError,
    DeploymentRefusedError,
    KeyReusedError,
    MalformedRequestError,
    NoReleaseError,
    PromotionHeldError,
    ReleaseConflictError,
    RolloutStateError,
    UnknownDeploymentError,
    UnknownProductError,
    UnknownVersionError,
    UnreadableBodyError,
    VersionRefusedError,
)
from platform_assets.serving.deployments.wire import (
    DEFAULT_LISTED,
    MAX_LISTED,
    DeploymentSeen,
    DeploymentsSeen,
    DeployRequest,
)
from platform_assets.serving.idempotency import MAX_KEY_LENGTH
from platform_assets.serving.openapi.operation import Operation, Parameter, Reply

_GROUP = "Deployments"
_KEY = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_KEY_LENGTH, pattern="^[!-~]+$")]
_DEPLOY_ERRORS = (
    UnreadableBodyError,
    MalformedRequestError,
    BodyTooLargeError,
    AccessDeniedError,
    UnknownProductError,
    NoReleaseError,
    UnknownVersionError,
    DeploymentRefusedError,
    VersionRefusedError,
    AlreadyInForceError,
    RolloutStateError,
    PromotionHeldError,
    ReleaseConflictError,
    KeyReusedError,
    DeploymentError,
)


def operations() -> tuple[Operation, ...]:
    """Return the operations: deploy, then look."""
    return (_deploy(), *_look())


def _deploy() -> Operation:
    return Operation(
        method="POST",
        path="/v1/models/{model}/deploy",
        operation_id="deploy",
        group=_GROUP,
        summary="Give an approved version its first traffic.",
        description="The version is loaded and tested, then begins its rollout: the product's plan, or the one asked "
        "for. The rollout goes on by itself, or back. What the machine cannot give is refused.",
        parameters=(
            Parameter(name="model", place="path", description="The product.", names_product=True),
            Parameter(
                name="Idempotency-Key",
                place="header",
                description="The same key with the same request is answered with the same deployment.",
                kind=_KEY,
            ),
        ),
        request=DeployRequest,
        examples={
            "plan": {"version": 2},
            "share": {"version": 2, "traffic_percentage": 5, "replicas": 1},
            "strategy": {"version": 2, "traffic": "blue_green"},
        },
        replies={200: Reply(description="The deployment; its address is in Location.", kinds=(DeploymentSeen,))},
        errors=_DEPLOY_ERRORS,
    )


def _look() -> tuple[Operation, ...]:
    limit = Parameter(
        name="limit",
        place="query",
        description=f"How many deployments; {DEFAULT_LISTED} unless told.",
        kind=Annotated[int, msgspec.Meta(ge=1, le=MAX_LISTED)],
    )
    return (
        Operation(
            method="GET",
            path="/v1/deployments",
            operation_id="deployments",
            group=_GROUP,
            summary="The newest deployments of all products first, whoever began them.",
            parameters=(limit,),
            replies={200: Reply(description="The deployments.", kinds=(DeploymentsSeen,))},
            errors=(MalformedRequestError,),
        ),
        Operation(
            method="GET",
            path="/v1/deployments/{deployment_id}",
            operation_id="deployment",
            group=_GROUP,
            summary="Where a deployment is: its step, its share of the traffic, or how it ended.",
            parameters=(Parameter(name="deployment_id", place="path", description="The id of the deployment."),),
            replies={200: Reply(description="The deployment.", kinds=(DeploymentSeen,))},
            errors=(UnknownDeploymentError,),
        ),
    )
