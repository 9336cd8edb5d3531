"""Asks a running endpoint to serve the release that the pointer names; for whoever moves the pointer by hand."""

from collections.abc import Callable

from platform_assets.ledger.run_facts import RunFacts
from platform_assets.registry.rollback import Crew, EndpointFollowed, Step
from platform_assets.registry.rollback_plan import RollbackPlan
from platform_assets.settings import Settings

_ASK_WITHIN_S = 2.0


def crew_of(settings: Settings, run: RunFacts, *, tell: Callable[[Step], None]) -> Crew:
    """Return who takes part in a rollback of this run: the endpoint of these settings, and who is told."""
    return Crew(
        follow=lambda plan: follow_endpoint(settings, plan),
        run_id=run.run_id,
        code_version=run.code_version,
        tell=tell,
    )


def follow_endpoint(settings: Settings, plan: RollbackPlan) -> EndpointFollowed:
    """Return once the endpoint serves the release in force, or at once when no endpoint answers.

    Raises DeploymentError when the endpoint refused the release; the one that it served before is in force again then.
    """
    import httpx

    from platform_assets.serving.deployment import deploy

    url = f"http://127.0.0.1:{settings.endpoint_port}"
    try:
        httpx.get(f"{url}/livez", timeout=_ASK_WITHIN_S)
    except httpx.TransportError as error:
        detail = f"no endpoint answers at {url} ({error}); it obeys the pointer when it starts"
        return EndpointFollowed("silent", detail)
    return EndpointFollowed("switched", deploy(settings, plan.product, at=plan.mandate.at).url)
