"""`platform doctor`: is each running part healthy, and what to do where it is not."""

import http.client
import json
from collections.abc import Iterator

from platform_assets.commands.findings import Finding, findings_table, has_problem, ok, problem, warning
from platform_assets.commands.terminal import JsonFlag, finish, show
from platform_assets.processes.probes import request
from platform_assets.processes.states import ServiceState, status
from platform_assets.settings import Settings


def doctor(*, as_json: JsonFlag = False) -> None:
    """Ask every running part for its health; each problem comes with its remedy."""
    findings = list(health_findings(Settings.from_environment()))
    show(findings, as_json=as_json, render=lambda: findings_table(findings))
    finish(is_ok=not has_problem(findings))


def health_findings(settings: Settings) -> Iterator[Finding]:
    """Yield one finding per service and one about the endpoint's readiness when it runs."""
    for state in status(settings):
        yield _service(state)
        if state.name == "endpoint" and state.state == "up":
            yield _readiness(state.url)


def _service(state: ServiceState) -> Finding:
    if state.state == "up":
        return ok(state.title, f"{state.url}, " + ("elsewhere" if state.is_outside else f"process {state.pid}"))
    seen = state.problem or state.state
    if state.is_outside:
        return problem(state.title, seen, "Start that server, or unset its variable to use the embedded one.")
    if state.state == "down":
        return problem(state.title, seen, f"Start it: `make up`. Its log: `platform logs {state.name}`.")
    again = f"`platform down --only {state.name}`, then `make up`"
    return problem(state.title, seen, f"Read `platform logs {state.name}`; start it again: {again}.")


def _readiness(url: str) -> Finding:
    try:
        code, body = request("GET", f"{url}/readyz")
    except (OSError, http.client.HTTPException) as error:
        return problem("Endpoint readiness", str(error), "Read `platform logs endpoint`.")
    if code == http.client.OK:
        return ok("Endpoint readiness", "every live release is loaded and tested")
    return warning("Endpoint readiness", _reason(body), "Release the products: `make demo`; details: GET /health.")


def _reason(body: bytes) -> str:
    try:
        document = json.loads(body)
    except ValueError:
        return body.decode(errors="replace")[:200]
    failing = document.get("failing") if isinstance(document, dict) else None
    if failing == []:
        return "no product is released yet"
    return f"not ready: {', '.join(map(str, failing))}" if failing else str(document)[:200]
