"""The traffic of products and its moves as tables for people."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from platform_assets.commands.rollout_records import MovedTraffic, OnItsWay, TrafficDetails, TrafficLine
from platform_assets.commands.terminal import facts_table

if TYPE_CHECKING:
    from platform_assets.ledger.traffic_moves import TrafficMove

_STATES = {"passed": "green", "waiting": "yellow", "failed": "bold red", "not_judged": "dim"}


def lines_table(lines: Sequence[TrafficLine]) -> Table:
    """Return one row per product."""
    table = Table("Product", "In force", "On its way", "Step", "Share", "Since", "Model", box=None, padding=(0, 1))
    for line in lines:
        on = line.candidate
        table.add_row(
            line.product,
            f"{line.release_id} (v{line.model_version})" if line.release_id else "-",
            f"{on.release_id} (v{on.model_version})" if on else "-",
            on.step if on else "-",
            f"{on.share:.0%}" if on else "-",
            on.step_since.isoformat(timespec="seconds") if on else "-",
            "[bold red]off[/]" if line.off else "on",
        )
    return table


def details_table(details: TrafficDetails) -> Table:
    """Return all about the traffic of one product, and what follows."""
    table = _traffic_table(details.traffic)
    judged = details.next_step
    if judged is not None:
        overdue = "overdue; " if judged.is_overdue else ""
        table.add_row("next", escape(f"{overdue}{judged.action}: {judged.reason}"))
        for one in judged.findings:
            table.add_row(f"gate {one.gate}", f"[{_STATES[one.state]}]{one.state}[/] {escape(one.told)}")
    return table


def moved_table(moved: MovedTraffic) -> Table:
    """Return the traffic after a move by hand."""
    table = _traffic_table(moved.traffic)
    if moved.records_problem:
        table.add_row("not recorded yet", escape(moved.records_problem))
    return table


def history_table(moves: "Sequence[TrafficMove]") -> Table:
    """Return one row per move."""
    table = Table("When", "Move", "Answers", "Candidate", "Step", "Share", "By", "Why", box=None, padding=(0, 1))
    for move in moves:
        table.add_row(
            move.moved_at.isoformat(timespec="seconds"),
            move.kind.replace("_", " "),
            move.release_id,
            move.candidate or "-",
            move.step or "-",
            f"{move.share:.0%}" if move.share is not None else "-",
            escape(move.moved_by),
            escape(move.reason),
        )
    return table


def _traffic_table(line: TrafficLine) -> Table:
    on, off = line.candidate, line.off
    return facts_table(
        {
            "product": line.product,
            "in force": f"release {line.release_id}, model version {line.model_version}",
            "on its way": f"release {on.release_id}, model version {on.model_version}" if on else "-",
            **(_way(on) if on else {}),
            "kept": ", ".join(f"{one.release_id} until {one.until:%Y-%m-%d %H:%M}" for one in line.kept) or "-",
            "model": f"switched off by {off.by} at {off.at.isoformat(timespec='seconds')}: {off.reason}"
            if off
            else "on",
        }
    )


def _way(on: OnItsWay) -> dict[str, str]:
    since = on.step_since.isoformat(timespec="seconds")
    return {
        "step": f"{on.step} of {' -> '.join(on.steps)}, since {since}",
        "share": f"{on.share:.0%} of the traffic" if on.share else "0 %: it scores copies, unseen",
        "begun": on.since.isoformat(timespec="seconds"),
    }
