"""How every command talks: data on stdout (one JSON document with `--json`), progress and errors on stderr."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

EXIT_OK = 0
EXIT_PROBLEM = 1
_FILE_WIDTH = 180  # in a file or a pipe nothing is cut at the width of a terminal that is not there

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]


def show(data: object, *, as_json: bool, render: Callable[[], RenderableType]) -> None:
    """Print data as JSON, or what `render` makes of it for people."""
    if as_json:
        typer.echo(json_of(data))
    else:
        Console(width=None if sys.stdout.isatty() else _FILE_WIDTH).print(render())


def json_of(data: object) -> str:
    """Return data as indented JSON; paths become text."""
    return msgspec.json.format(msgspec.json.encode(data, enc_hook=_encode_path), indent=2).decode()


def facts_table(facts: Mapping[str, object]) -> Table:
    """Return facts about one thing as a table of two columns."""
    table = Table(show_header=False, box=None, padding=(0, 1))
    for name, value in facts.items():
        table.add_row(name, escape(str(value)))
    return table


def say(line: str) -> None:
    """Print one line of progress on stderr."""
    Console(stderr=True).print(line, style="dim", markup=False, highlight=False)


def finish(*, is_ok: bool) -> None:
    """Leave with exit code 1 when a problem was found."""
    if not is_ok:
        raise typer.Exit(EXIT_PROBLEM)


def _encode_path(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be shown as JSON")  # noqa: EM102, TRY003 - our own defect
