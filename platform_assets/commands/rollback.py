"""`platform releases rollback`: model, preprocessor, feature snapshot and cache go back together."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from platform_assets.clock import parse_instant
from platform_assets.commands.operator import ByOption, ReasonOption, command_run, mandate_of
from platform_assets.commands.product_names import product_named
from platform_assets.commands.terminal import JsonFlag, facts_table, say, show
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.registry.rollback import RolledBack, Step

_SAID: "dict[Step, str]" = {
    "verify": "verifying every byte of the release, and the snapshot",
    "pointer": "moving the live pointer",
    "endpoint": "waiting for the endpoint",
    "snapshot": "putting the feature snapshot back",
    "records": "recording it in ledger and registry",
}


def _instant(text: str) -> dt.datetime:
    try:
        return parse_instant(text)
    except ValueError:
        problem = f"{text!r} is no instant; write it like 2026-03-01T09:00+01:00 (UTC where no zone is given)"
        raise typer.BadParameter(problem) from None


def rollback(
    product: Annotated[str, typer.Argument(help="Name of a product.")],
    reason: ReasonOption,
    to: Annotated[str | None, typer.Option("--to", help="Id of the release to go back to.")] = None,
    as_of: Annotated[
        dt.datetime | None,
        typer.Option("--as-of", parser=_instant, help="Instant whose state returns, in ISO 8601.", metavar="INSTANT"),
    ] = None,
    by: ByOption = None,
    *,
    also_snapshot: Annotated[bool, typer.Option(help="Also put the feature snapshot of that time back.")] = True,
    as_json: JsonFlag = False,
) -> None:
    """Bring a product back to a release, or to the state of an instant; the endpoint goes on answering."""
    if (to is None) == (as_of is None):
        problem = "give exactly one of --to and --as-of"
        raise typer.BadParameter(problem)
    from platform_assets.ledger.database import open_ledger
    from platform_assets.orchestration.endpoint_follow import crew_of
    from platform_assets.registry.rollback import roll_back
    from platform_assets.registry.rollback_target import Destination

    settings = Settings.from_environment()
    wish = Destination(product=product_named(product).name, release_id=to, as_of=as_of, with_snapshot=also_snapshot)
    mandate = mandate_of(settings, by, reason)
    crew = crew_of(settings, command_run(mandate.at), tell=_say_step)
    done = roll_back(settings, open_ledger(settings.ledger_dsn), wish, mandate, crew)
    show(done, as_json=as_json, render=lambda: rollback_table(done))


def rollback_table(done: "RolledBack") -> Table:
    """Return what a rollback did as a table for people."""
    plan, endpoint = done.plan, done.endpoint
    served = {
        "switched": f"served after {(done.endpoint_s or 0.0) * 1000:.0f} ms",
        "silent": endpoint.detail,
        "batch_only": "batch only: the next batch is scored with it",
    }
    back = plan.snapshot_id is not None
    return facts_table(
        {
            "product": plan.product,
            "release": f"{plan.from_release} (v{plan.from_version}) -> {plan.to_release} (v{plan.to_version})",
            "snapshot": f"{plan.from_snapshot} -> {plan.snapshot_id}" if back else "stays",
            "cache": f"none of its entries is used again (epoch {done.epoch})" if back else "follows the release",
            "endpoint": served[endpoint.state],
            "by": f"{plan.mandate.by} at {plan.mandate.at.isoformat(timespec='seconds')}: {plan.mandate.reason}",
            **({"begun": "by an earlier process that ended in between"} if done.was_resumed else {}),
        }
    )


def _say_step(step: "Step") -> None:
    if step in _SAID:
        say(_SAID[step])
