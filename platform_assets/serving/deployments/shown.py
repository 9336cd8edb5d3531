"""A deployment as a caller sees it: what the kept moves tell, next to what this endpoint serves."""

from platform_assets.serving.deployments.history import share_of
from platform_assets.serving.deployments.service import Seen
from platform_assets.serving.deployments.wire import DeploymentSeen, Phase, Status
from platform_assets.serving.predict_route import PREDICT_PATH
from platform_assets.serving.releases import Releases
from platform_assets.serving.workers.listeners import HOST
from platform_assets.settings import Settings

_ENDED: frozenset[Phase] = frozenset({"rolled_back", "replaced"})


def show(seen: Seen, settings: Settings, releases: Releases) -> DeploymentSeen:
    """Return a deployment for the wire; `settings` are those of the endpoint that answers."""
    found, product = seen.deployment, seen.deployment.begun.product
    rollout = found.rollout
    return DeploymentSeen(
        deployment_id=found.deployment_id,
        status=_status(found.phase, releases, product),
        endpoint=f"http://{HOST}:{settings.endpoint_port}{PREDICT_PATH}?model={product}",
        model=product,
        version=seen.version,
        release_id=found.release_id,
        phase=found.phase,
        share=share_of(found, seen.live),
        step=rollout.step_name if rollout and found.phase == "rolling_out" else None,
        steps=rollout.plan.steps if rollout else (),
        replicas=settings.endpoint_workers,
        begun_at=found.begun.at,
        begun_by=found.begun.cause.by,
        reason=found.begun.cause.reason,
        ended_at=found.last.at if found.last else None,
        end_reason=found.last.cause.reason if found.last else None,
        sequence=found.begun.sequence,
    )


def _status(phase: Phase, releases: Releases, product: str) -> Status:
    """Say whether the version answers as it should: one that cannot be loaded is out, or the endpoint has an error."""
    if phase in _ENDED:
        return "ended"
    state = releases.states.get(product)
    return "healthy" if state is not None and state.error is None else "failing"
