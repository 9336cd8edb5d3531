"""`platform lake clean`: files that no table and no decision needs any more."""

import datetime as dt
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer
from rich.table import Table

from platform_assets.clock import wall_now
from platform_assets.commands.existing_ledger import existing_ledger
from platform_assets.commands.terminal import JsonFlag, say, show
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.ledger.database import Ledger

_MIB = 1024 * 1024
LeftoverKind = Literal["orphan", "unfinished", "dropped_batch"]

lake = typer.Typer(no_args_is_help=True, help="Keep the lake tidy.")


class Leftover(msgspec.Struct, frozen=True, kw_only=True):
    """A file that may go: left behind by a killed writer, or the rows of a batch that was dropped 30 days ago."""

    path: Path
    kind: LeftoverKind
    size_bytes: int


class Cleaning(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, and whether it was deleted."""

    was_deleted: bool
    leftovers: list[Leftover]


@lake.callback()
def about() -> None:
    """Keep the lake tidy."""


@lake.command("clean")
def clean(
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Delete; without it nothing is touched.")] = False,
    older_than_hours: Annotated[
        int, typer.Option(min=1, help="Younger files stay: a batch may be under audit.", metavar="HOURS")
    ] = 24,
    as_json: JsonFlag = False,
) -> None:
    """Find files that killed writers left behind and rows of batches that were dropped long ago; delete on request."""
    settings, now = Settings.from_environment(), wall_now()
    age = dt.timedelta(hours=older_than_hours)
    leftovers = find_leftovers(settings, existing_ledger(settings), now=now, older_than=age)
    if apply:
        for leftover in leftovers:
            delete(leftover.path)
    elif leftovers:
        say("nothing was deleted; --apply deletes")
    cleaning = Cleaning(was_deleted=apply, leftovers=leftovers)
    show(cleaning, as_json=as_json, render=lambda: _table(cleaning))


def find_leftovers(
    settings: Settings, ledger: "Ledger | None", *, now: dt.datetime, older_than: dt.timedelta
) -> list[Leftover]:
    """Return all files of the lake that may be deleted at this wall time; nothing is deleted."""
    from platform_assets.lakehouse.orphans import find_orphans, find_unfinished

    orphans = [path for table in _tables(settings) for path in find_orphans(table, now=now, older_than=older_than)]
    unfinished = find_unfinished(settings.lake_dir, now=now, older_than=older_than)
    found = [*(_leftover(path, "orphan") for path in orphans), *(_leftover(path, "unfinished") for path in unfinished)]
    if ledger is not None:
        from platform_assets.batch.quarantine_decisions import expired_rows

        found += [_leftover(path, "dropped_batch") for path in expired_rows(settings, ledger, now=now)]
    return found


def _tables(settings: Settings) -> Sequence[Path]:
    """Return every table of the lake, also one whose first commit never came; never what is published or refused."""
    written = {path.parent for pattern in ("*", "*/*") for path in settings.lake_dir.glob(f"{pattern}/_delta_log")}
    begun = {path for path in settings.predictions_dir.glob("*") if path.is_dir()}
    return sorted({*written, *begun})


def _leftover(path: Path, kind: LeftoverKind) -> Leftover:
    files = path.rglob("*") if path.is_dir() else (path,)
    return Leftover(path=path, kind=kind, size_bytes=sum(file.stat().st_size for file in files))


def delete(path: Path) -> None:
    """Delete a file or a whole directory that is left over; one that is gone already is fine."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _table(cleaning: Cleaning) -> Table:
    total = sum(leftover.size_bytes for leftover in cleaning.leftovers) / _MIB
    verb = "deleted" if cleaning.was_deleted else "may go"
    table = Table(
        "Kind", "Bytes", f"{len(cleaning.leftovers)} files, {total:.1f} MiB, {verb}", box=None, padding=(0, 1)
    )
    for leftover in cleaning.leftovers:
        table.add_row(leftover.kind.replace("_", " "), str(leftover.size_bytes), str(leftover.path))
    return table
