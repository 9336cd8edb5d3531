"""What a caller may count on from the machine of this endpoint; the rest is refused instead of overlooked."""

from platform_assets.errors import DeploymentRefusedError
from platform_assets.serving.deployments.wire import DeployRequest
from platform_assets.settings import Settings

THIS_MACHINE = "local"


def require_machine(settings: Settings, product: str, request: DeployRequest) -> None:
    """Raise DeploymentRefusedError for replicas or an instance type that this endpoint does not have."""
    workers, version = settings.endpoint_workers, request.version_number
    if request.replicas not in {None, workers}:
        raise DeploymentRefusedError(
            product=product,
            version=version,
            problem=f"{request.replicas} replicas are asked for and {workers} answer here",
            remedy=f"Ask for {workers}, or start the endpoint with --workers {request.replicas} "
            "(PLATFORM_ENDPOINT_WORKERS); further endpoints share the load behind platform_assets.serving.gateway",
        )
    if request.instance_type not in {None, THIS_MACHINE}:
        raise DeploymentRefusedError(
            product=product,
            version=version,
            problem=f"the instance type {request.instance_type!r} cannot be had",
            remedy=f"Every version runs on the machine of its endpoint: leave it out, or ask for {THIS_MACHINE!r}",
        )
