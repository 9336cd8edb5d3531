"""`platform trace <prediction id>`: the chain from one prediction back to the raw files, as a tree."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.tree import Tree

from platform_assets.commands.terminal import JsonFlag, show
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.audit.trace import TraceNode


_MOST_TEXT = 240


def trace(
    prediction_id: Annotated[str, typer.Argument(help="Id of a batch or online prediction.")],
    *,
    as_json: JsonFlag = False,
) -> None:
    """Show what a prediction was made from, down to the raw files and their sha256."""
    from platform_assets.audit.trace import trace as trace_prediction

    node = trace_prediction(Settings.from_environment(), prediction_id)
    show(node, as_json=as_json, render=lambda: trace_tree(node))


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
