"""Asks a running endpoint to serve the release that the pointer names; for whoever moves the pointer by hand."""

from collections.abc import Callable

from platform_assets.ledger.run_facts import RunFacts
from platform_assets.registry.rollback import Crew, EndpointFollowed, Step
from platform_assets.registry.rollback_plan import RollbackPlan
from platform_assets.settings import Settings

_ASK_WITHIN_S = 2.0


def crew_of(settings: Settings, run: RunFacts, *, tell: Callable[[Step], None]) -> Crew:
    """Return who takes part in a rollback of this run: the endpoint of these settings, and who is told."""
    import httpx

    # Here, so that nothing is imported between the move of the pointer and the call of the endpoint.
    from platform_assets.serving.deployment import deploy

    def follow(plan: RollbackPlan) -> EndpointFollowed:
        url = f"http://127.0.0.1:{settings.endpoint_port}"
        try:
            httpx.get(f"{url}/livez", timeout=_ASK_WITHIN_S)
        except httpx.TransportError as error:
            detail = f"no endpoint answers at {url} ({error}); it obeys the pointer when it starts"
            return EndpointFollowed("silent", detail)
        return EndpointFollowed("switched", deploy(settings, plan.product, at=plan.mandate.at).url)

    return Crew(follow=follow, run_id=run.run_id, code_version=run.code_version, tell=tell)
