"""`platform dashboards`: Prometheus' rules and Grafana's dashboards as files."""

import re
from pathlib import Path
from typing import Annotated

import typer

from platform_assets.commands.terminal import JsonFlag, show
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings

_TARGET = re.compile(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}")

dashboards = typer.Typer(no_args_is_help=True, help="Write Prometheus' rules and Grafana's dashboards.")


@dashboards.callback()
def _group() -> None:
    """Keep `write` a command of its own, also while it is the only one."""


@dashboards.command("write")
def write(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to; files of the same name are replaced.")],
    target: Annotated[
        list[str] | None, typer.Option("--target", help="host:port of an endpoint; several times. Default: this one.")
    ] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Write configuration, alert rules, dashboards and provisioning from the products; docs/dashboards.md explains."""
    from platform_assets.monitoring.dashboards.write import files_of, write_files

    settings = Settings.from_environment()
    targets = target or [f"127.0.0.1:{settings.endpoint_port}"]
    for each in targets:
        if not _TARGET.fullmatch(each):
            problem = f"{each!r} is no host:port"
            raise typer.BadParameter(problem)
    files = files_of(discover_products(), settings.costs, targets=targets, has_key=settings.access == "on")
    written = write_files(directory, files, fsync=settings.fsync)
    show(written, as_json=as_json, render=lambda: "\n".join(map(str, written)))
