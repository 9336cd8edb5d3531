"""Requests for a new model as people read them in a terminal."""

from typing import TYPE_CHECKING

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from platform_assets.commands.retraining_records import RetrainingOverview
from platform_assets.commands.terminal import facts_table

if TYPE_CHECKING:
    from platform_assets.ledger.retraining import RetrainingRequest

_STATE = {"released": "green", "refused": "yellow", "failed": "red", "withdrawn": "dim"}


def overview_table(overview: RetrainingOverview) -> Group:
    """Return how products stand, and below it the requests, one per row."""
    products = Table("Product", "Automatic", "Now", "Why", box=None, padding=(0, 1))
    for line in overview.products:
        products.add_row(line.product, "yes" if line.is_automatic else "no", line.action, escape(line.reason))
    requests = Table("Id", "Product", "State", "Asked", "By", "Up to", "Why", box=None, padding=(0, 1))
    for one in overview.requests:
        state = f"[{_STATE.get(one.state, 'cyan')}]{one.state}[/]"
        asked = f"{one.requested_at:%Y-%m-%d %H:%M}"
        requests.add_row(
            str(one.request_id),
            one.product,
            state,
            asked,
            escape(one.requested_by),
            str(one.cutoff),
            escape(one.reason),
        )
    return Group(products, "", requests if overview.requests else "no new model was ever asked for")


def request_table(request: "RetrainingRequest") -> Table:
    """Return all about one request, each step in a line of its own."""
    facts: dict[str, object] = {
        "request": f"{request.request_id}: a new model of {request.product} in place of release {request.release_id}",
        "state": request.state,
        "asked": f"{request.requested_at:%Y-%m-%d %H:%M} UTC by {request.requested_by}",
        "why": request.reason,
        "examples": f"from {request.train_from}, tested from {request.cutoff} on",
        "incident": request.incident_id or "-",
        **{name.replace("_", " "): value for name, value in request.evidence.items()},
    }
    for step in request.steps:
        facts[f"{step.happened_at:%Y-%m-%d %H:%M} {step.state}"] = f"{step.told} ({step.recorded_by})"
    return facts_table(facts)
