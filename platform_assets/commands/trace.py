"""`platform trace <prediction id>`: how one prediction came to be, as a tree, as data or as a page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from platform_assets.commands.terminal import JsonFlag, facts_table, say, show
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.audit.evidence import Evidence
    from platform_assets.audit.trace import TraceNode


_MOST_TEXT = 240


def trace(
    prediction_id: Annotated[str, typer.Argument(help="Id of a batch or online prediction.")],
    html: Annotated[
        Path | None, typer.Option("--html", help="Also write it as a page to read and print to this new file.")
    ] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Show how a prediction came to be: values, model, approval, readers, and the chain down to the raw files."""
    from platform_assets.audit.evidence import gather_evidence
    from platform_assets.audit.trace_page import trace_page

    if html is not None and (html.exists() or not html.parent.is_dir()):
        problem = f"{html} must be a new file in a directory that is there"
        raise typer.BadParameter(problem)
    evidence = gather_evidence(Settings.from_environment(), prediction_id)
    if html is not None:
        with html.open("x", encoding="utf-8") as page:
            page.write(trace_page(evidence))
        say(f"the page is {html}")
    show(evidence, as_json=as_json, render=lambda: Group(_tables(evidence), trace_tree(evidence.chain)))


def _tables(evidence: "Evidence") -> Table:
    table = facts_table(
        {**evidence.prediction, **{f"{each.source}: {each.name}": each.value for each in evidence.values}}
    )
    model = evidence.model
    if model is not None:
        table.add_row("model", f"version {model.version}, release {model.release_id}, code {model.code_version}")
        approved = f"{model.approved_at} by {model.approved_by}: {model.approval_reason}"
        table.add_row("approved", escape(approved))
    for name, value in evidence.traffic.items():
        table.add_row(name, escape(value))
    for verdict in evidence.guardrails:
        table.add_row(f"guardrail {verdict.guardrail}", escape(f"{verdict.level}: {verdict.found}"))
    for made in evidence.decisions:
        table.add_row(made.verdict, escape(f"{made.decided_at.isoformat()} by {made.decided_by}: {made.reason}"))
    for reader in evidence.readers:
        table.add_row("reader", escape(f"{reader.title} for {', '.join(reader.purposes)}"))
    for problem in evidence.missing:
        table.add_row("[yellow]cannot be told[/]", escape(problem))
    if evidence.recall is not None:
        told = f"{evidence.recall.subject} by {evidence.recall.decided_by}: {evidence.recall.reason}"
        table.add_row("[bold red]recalled[/]", escape(told))
    table.add_row("check it", evidence.replay_command)
    return table


def trace_tree(node: "TraceNode", parent: Tree | None = None) -> Tree:
    """Return a trace as a tree for people; a part that was shown before is marked and not opened again."""
    label = _label(node)
    tree = Tree(label) if parent is None else parent.add(label)
    for part in node.inputs:
        trace_tree(part, tree)
    return tree


def _label(node: "TraceNode") -> str:
    repeated = " [dim](shown above)[/]" if node.is_repeated else ""
    title = f"[bold]{escape(node.kind)}[/] {escape(node.id)}{repeated}"
    digest = [f"digest: {node.digest}"] if node.digest else []
    facts = [] if node.is_repeated else [*digest, *(f"{name}: {_short(value)}" for name, value in node.facts.items())]
    return "\n".join((title, *(f"[dim]{escape(fact)}[/]" for fact in facts)))


def _short(text: str) -> str:
    """Return a fact in a line or two: the whole of a long one is for `--json`."""
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}… (--json has all of it)"
