"""A trace as a tree for people."""

from rich.console import Console

from platform_assets.audit.trace import TraceNode
from platform_assets.commands.trace import trace_tree

RAW = TraceNode(kind="raw_file", id="raw_file:sales@1", digest="abc", facts={"name": "sales [2011]"})
AGAIN = TraceNode(
    kind="raw_file", id="raw_file:sales@1", digest="abc", facts={"name": "sales [2011]"}, is_repeated=True
)
PREDICTION = TraceNode(kind="batch prediction", id="p-1", digest="", facts={"score": "0.5"}, inputs=(RAW, AGAIN))


def shown(node: TraceNode) -> list[str]:
    console = Console(width=100, no_color=True)
    with console.capture() as captured:
        console.print(trace_tree(node))
    return captured.get().splitlines()


def test_a_tree_ends_at_the_raw_files_with_their_digests() -> None:
    lines = shown(PREDICTION)
    assert lines[0] == "batch prediction p-1"
    assert any("digest: abc" in line for line in lines)


def test_brackets_in_a_fact_are_shown_as_they_are() -> None:
    assert any("name: sales [2011]" in line for line in shown(PREDICTION))


def test_a_part_that_was_shown_before_is_not_opened_again() -> None:
    lines = shown(PREDICTION)
    assert lines[-1].endswith("raw_file raw_file:sales@1 (shown above)")
    assert sum("digest" in line for line in lines) == 1


def test_a_long_fact_is_cut_and_says_where_it_is_whole() -> None:
    lines = shown(TraceNode(kind="bundle", id="b", digest="", facts={"model": "column " * 200}))
    assert len(lines) < 6
    assert "--json has all of it" in " ".join(lines)
