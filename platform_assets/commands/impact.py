"""`platform impact <thing>`: everything that was made from a raw file, build, snapshot, model, release or batch."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group
from rich.markup import escape
from rich.table import Table

from platform_assets.commands.terminal import JsonFlag, facts_table, say, show
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.audit.impact import Impact

ThingArgument = Annotated[
    str,
    typer.Argument(
        help="A raw file, a digest, a release or snapshot id, <product>/<version>, publication:<number> or an id "
        "that a trace shows."
    ),
]


def impact(
    thing: ThingArgument,
    ids: Annotated[
        Path | None, typer.Option("--ids", help="Also write the id of every affected prediction to this new file.")
    ] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Show what a thing was used for: things made from it, batches, answers, and the consumers who read them."""
    from platform_assets.audit.impact import affected_ids, find_impact
    from platform_assets.audit.subjects import find_subject
    from platform_assets.audit.touched import write_ids
    from platform_assets.ledger.database import open_ledger

    settings = Settings.from_environment()
    if ids is not None and (ids.exists() or not ids.parent.is_dir()):
        problem = f"{ids} must be a new file in a directory that is there"
        raise typer.BadParameter(problem)
    ledger = open_ledger(settings.ledger_dsn)
    found = find_impact(settings, ledger, find_subject(ledger, thing))
    if ids is not None:
        say(f"{write_ids(ids, affected_ids(settings, ledger, found))} ids are in {ids}")
    show(found, as_json=as_json, render=lambda: impact_tables(found))


def impact_tables(impact: "Impact") -> Group:
    """Return an impact as tables for people: in short, then batches, answers and readers."""
    return Group(_summary(impact), _batches(impact), _answers(impact), _readers(impact))


def _summary(impact: "Impact") -> Table:
    kinds = Counter(one.kind for one in impact.made)
    recall = impact.recall
    waiting = {
        None: "unknown: the online store is away",
        0: "none",
    }.get(impact.waiting_answers, f"{impact.waiting_answers}: drain them, then look again")
    facts = {
        "thing": impact.subject.artifact_id,
        "made from it": ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "nothing",
        "products": ", ".join(impact.products) or "none",
        "rows of batches": f"{impact.rows:,} in {len(impact.batches)} published batches",
        "answers": f"{sum(one.answers for one in impact.answers):,} in the log",
        "answers not in the log yet": waiting,
    }
    if impact.continued_by:
        facts["histories that go on from it"] = ", ".join(impact.continued_by)
    if recall is not None:
        at = recall.decided_at.isoformat(timespec="seconds")
        facts["recalled"] = f"{recall.subject} by {recall.decided_by} at {at}: {recall.reason}"
    return facts_table(facts)


def _batches(impact: "Impact") -> Table:
    table = Table("Batch", "As of", "Model", "Revision", "Rows", "State", box=None, padding=(0, 1))
    for one in impact.batches:
        told = one.publication
        state = "shown to consumers" if one.is_shown else told.state
        numbers = (f"v{told.model_version}", str(told.revision), f"{told.row_count:,}")
        table.add_row(f"{told.product} {told.publication_id}", told.as_of, *numbers, state)
    return table


def _answers(impact: "Impact") -> Table:
    table = Table("Answers of", "Release", "Snapshot", "Fallback", "Number", box=None, padding=(0, 1))
    for one in impact.answers:
        table.add_row(one.product, one.release_id, one.snapshot_id or "-", one.fallback, f"{one.answers:,}")
    return table


def _readers(impact: "Impact") -> Table:
    table = Table("Reader", "Reads", "For", "Importance", "Reached at", box=None, padding=(0, 1))
    for one in impact.readers:
        reads, purposes = f"{one.product} {one.output}", ", ".join(one.purposes)
        table.add_row(escape(one.title), reads, escape(purposes), one.importance, escape(f"{one.team} {one.email}"))
    return table
