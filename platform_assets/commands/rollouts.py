"""`platform rollouts`: look at releases on their way, and move the traffic by hand."""

from typing import TYPE_CHECKING, Annotated

import typer

from platform_assets.clock import wall_now
from platform_assets.commands.operator import ByOption, ReasonOption, command_run, mandate_of
from platform_assets.commands.product_names import product_named
from platform_assets.commands.rollout_records import (
    MovedTraffic,
    traffic_details,
    traffic_history,
    traffic_line,
    traffic_lines,
)
from platform_assets.commands.rollout_tables import details_table, history_table, lines_table, moved_table
from platform_assets.commands.terminal import JsonFlag, finish, show
from platform_assets.contract.rollout import Strategy
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.orchestration.rollout_by_hand import Hand, Moved

ProductArgument = Annotated[str, typer.Argument(help="Name of a product that is served online.")]

rollouts = typer.Typer(no_args_is_help=True, help="Look at releases on their way, and move the traffic by hand.")


@rollouts.command("list")
def list_rollouts(*, as_json: JsonFlag = False) -> None:
    """List who answers for every product that is served online."""
    settings = Settings.from_environment()
    lines = traffic_lines(settings, discover_products())
    show(lines, as_json=as_json, render=lambda: lines_table(lines))


@rollouts.command("show")
def show_rollout(product: ProductArgument, *, as_json: JsonFlag = False) -> None:
    """Show who answers for a product, what every gate says now, and what follows."""
    settings = Settings.from_environment()
    details = traffic_details(settings, product_named(product), wall_now())
    show(details, as_json=as_json, render=lambda: details_table(details))


@rollouts.command("history")
def history(product: ProductArgument, *, as_json: JsonFlag = False) -> None:
    """Show every move of the traffic: what, when, by whom, why; with --json also the evidence."""
    settings = Settings.from_environment()
    moves = traffic_history(settings, product_named(product).name)
    show(moves, as_json=as_json, render=lambda: history_table(moves))


@rollouts.command("begin")
def begin(
    product: ProductArgument,
    release: Annotated[str, typer.Option("--release", help="Id of the release, as `platform releases list` shows it.")],
    reason: ReasonOption,
    strategy: Annotated[
        Strategy | None, typer.Option("--strategy", help="Take the steps of this one, not the declared ones.")
    ] = None,
    by: ByOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Put an approved release on its way to all of the traffic."""
    from platform_assets.orchestration.rollout_by_hand import begin_by_hand

    _tell(begin_by_hand(_hand(product, by, reason), release, strategy=strategy), product, as_json=as_json)


@rollouts.command("advance")
def advance(product: ProductArgument, reason: ReasonOption, by: ByOption = None, *, as_json: JsonFlag = False) -> None:
    """Go to the next step at once, or put the release in force after the last; what the gates say is recorded."""
    from platform_assets.orchestration.rollout_by_hand import advance_by_hand

    _tell(advance_by_hand(_hand(product, by, reason)), product, as_json=as_json)


@rollouts.command("end")
def end(product: ProductArgument, reason: ReasonOption, by: ByOption = None, *, as_json: JsonFlag = False) -> None:
    """Take the release that is on its way out: the one in force answers everything again."""
    from platform_assets.orchestration.rollout_by_hand import end_by_hand

    _tell(end_by_hand(_hand(product, by, reason)), product, as_json=as_json)


@rollouts.command("off")
def switch_off(
    product: ProductArgument, reason: ReasonOption, by: ByOption = None, *, as_json: JsonFlag = False
) -> None:
    """Ask no model of a product any more: its fallbacks answer until `on`."""
    _switch(product, reason, by, to_off=True, as_json=as_json)


@rollouts.command("on")
def switch_on(
    product: ProductArgument, reason: ReasonOption, by: ByOption = None, *, as_json: JsonFlag = False
) -> None:
    """Let the model of a product answer again."""
    _switch(product, reason, by, to_off=False, as_json=as_json)


def _switch(product: str, reason: str, by: str | None, *, to_off: bool, as_json: bool) -> None:
    from platform_assets.orchestration.rollout_by_hand import switch_by_hand

    _tell(switch_by_hand(_hand(product, by, reason), to_off=to_off), product, as_json=as_json)


def _hand(product: str, by: str | None, reason: str) -> "Hand":
    from platform_assets.orchestration.rollout_by_hand import Hand

    settings = Settings.from_environment()
    mandate = mandate_of(settings, by, reason)
    return Hand(settings, product_named(product), mandate, command_run(mandate.at))


def _tell(moved: "Moved", product: str, *, as_json: bool) -> None:
    traffic = traffic_line(Settings.from_environment(), product, moved.live)
    told = MovedTraffic(traffic=traffic, records_problem=moved.records_problem)
    show(told, as_json=as_json, render=lambda: moved_table(told))
    finish(is_ok=moved.records_problem is None)
