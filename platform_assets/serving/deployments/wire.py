"""What travels over HTTP about deployments, as typed structs."""

import datetime as dt
from typing import Annotated, Literal

import msgspec

from platform_assets.contract.rollout import Step, Strategy
from platform_assets.errors import MalformedRequestError
from platform_assets.serving.json_body import read_json
from platform_assets.serving.limits import MAX_TEXT_LENGTH

Status = Literal["healthy", "failing", "ended"]
Phase = Literal["rolling_out", "in_force", "kept", "rolled_back", "replaced"]

Number = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
# Versions are whole numbers: the text may spell that as callers of other registries do.
NumberText = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,8}(\.0){0,2}$")]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Percentage = Annotated[float, msgspec.Meta(ge=0.0, le=100.0)]
# Without a zero byte: PostgreSQL keeps none, and a move that it cannot record would hold up all that follow.
Told = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT_LENGTH, pattern=r"^[^\x00]*$")]
_PERCENT = 100.0
DEFAULT_LISTED = 20
MAX_LISTED = 200


class DeployRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /v1/models/{model}/deploy (R403): an approved version, and how it gets its traffic.

    `traffic` is a share in [0, 1] to begin with (0: shadowed) or a strategy; `traffic_percentage` says the same in
    percent. Without either the product's own plan is followed. `replicas` and `instance_type` are what the caller
    counts on: they are met or refused.
    """

    version: Number | NumberText
    traffic: Share | Strategy | None = None
    traffic_percentage: Percentage | None = None
    replicas: Number | None = None
    instance_type: Told | None = None
    reason: Told | None = None

    @property
    def version_number(self) -> int:
        """The version as a number."""
        return self.version if isinstance(self.version, int) else int(self.version.partition(".")[0])

    @property
    def asked_traffic(self) -> float | Strategy | None:
        """The share in [0, 1] or the strategy that is asked for, or None."""
        return self.traffic if self.traffic_percentage is None else self.traffic_percentage / _PERCENT


class DeploymentSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One deployment as a caller sees it (R404, R405); all of it is derived from the kept moves of the live pointer.

    `deployment_id` is the id of the rollout. `share` of the traffic in [0, 1] is answered by the version now, in the
    step `step` of `steps`; both are empty for one that took all of it at once. A deployment that is `kept` has been
    replaced and is loaded still. `replicas` is how many workers answer. `ledger` tells that the kept move of number
    `sequence` is the record, and that the ledger gets its copy with the next run of the platform.
    """

    deployment_id: str
    status: Status
    endpoint: str
    model: str
    version: int
    release_id: str
    phase: Phase
    share: float
    step: str | None
    steps: tuple[Step, ...]
    replicas: int
    begun_at: dt.datetime
    begun_by: str
    reason: str
    ended_at: dt.datetime | None
    end_reason: str | None
    sequence: int
    ledger: Literal["mirrored_later"] = "mirrored_later"


class DeploymentsSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The newest deployments first."""

    deployments: list[DeploymentSeen]


_REQUESTS = msgspec.json.Decoder(DeployRequest)


def read_deploy_request(body: bytes) -> DeployRequest:
    """Return the request of a body. Raises UnreadableBodyError (400) and MalformedRequestError (422) with the path."""
    request = read_json(_REQUESTS, body)
    if request.traffic is not None and request.traffic_percentage is not None:
        raise MalformedRequestError(where="$", problem="say the traffic once: as traffic or as traffic_percentage")
    return request
