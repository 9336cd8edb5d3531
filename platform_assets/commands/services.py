"""`platform up`, `down` and `logs`: the processes of the platform on this machine."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from platform_assets.commands.terminal import JsonFlag, finish, say, show
from platform_assets.processes.catalog import services
from platform_assets.processes.control import start_all, stop_all
from platform_assets.processes.logs import last_lines
from platform_assets.processes.states import ServiceState
from platform_assets.settings import Settings

OnlyOption = Annotated[list[str] | None, typer.Option("--only", help="Name of a service; may be given several times.")]
_STYLES = {"up": "green", "unhealthy": "yellow", "down": "dim"}


def up(*, only: OnlyOption = None, as_json: JsonFlag = False) -> None:
    """Start every service that does not run yet and wait until all are healthy."""
    states = start_all(Settings.from_environment(), only=only or (), report=say)
    show(states, as_json=as_json, render=lambda: states_table(states))
    finish(is_ok=all(state.state == "up" for state in states))


def down(*, only: OnlyOption = None, as_json: JsonFlag = False) -> None:
    """Stop every service that the platform started; what others run is left alone."""
    states = stop_all(Settings.from_environment(), only=only or (), report=say)
    show(states, as_json=as_json, render=lambda: states_table(states))
    finish(is_ok=all(state.pid is None for state in states))


def logs(
    service: Annotated[str, typer.Argument(help="Name of a service.")],
    *,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many last lines.")] = 50,
    as_json: JsonFlag = False,
) -> None:
    """Show the last log lines of a service."""
    (chosen,) = services(Settings.from_environment(), (service,))
    path = chosen.log
    last = last_lines(path, lines) if path else []
    show({"service": chosen.name, "log": path, "lines": last}, as_json=as_json, render=lambda: Text("\n".join(last)))


def states_table(states: Sequence[ServiceState]) -> Table:
    """Return the services as a table: name, health, address, process, log."""
    table = Table("Service", "Health", box=None, padding=(0, 1))
    for column in ("URL", "Process", "Log"):
        table.add_column(column, overflow="fold")  # an address that is cut cannot be opened
    for state in states:
        health = f"[{_STYLES[state.state]}]{state.state}[/]"
        process = "elsewhere" if state.is_outside else str(state.pid or "-")
        table.add_row(state.title, health, state.url, process, state.log or "-")
    return table
