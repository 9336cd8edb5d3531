"""`platform drift`: whether inputs and scores are still distributed as in training, before, and in batch and live."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Group, RenderableType
from rich.table import Table

from platform_assets.clock import wall_now
from platform_assets.commands.existing_ledger import existing_ledger
from platform_assets.commands.product_names import product_named
from platform_assets.commands.terminal import JsonFlag, finish, say, show
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.monitoring.drift.figures import DriftReport

_STYLES = {"pass": "green", "warn": "yellow", "fail": "bold red"}


class DriftLine(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison with its verdict; `report` holds the figures of every feature and of the score."""

    drift_rate: float | None
    judged: int
    drifted: tuple[str, ...]
    data_level: str
    score_level: str
    asks_for_retraining: bool
    report: "DriftReport"


def drift(
    product: Annotated[str | None, typer.Argument(help="Name of a product; the default is all.")] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Compare batch and live inputs and scores with training and with each other, now; nothing is recorded."""
    settings = Settings.from_environment()
    products = discover_products() if product is None else [product_named(product)]
    ledger = existing_ledger(settings)
    lines: list[DriftLine] = []
    if ledger is None:
        say("nothing was ever published here: there is nothing to compare")
    else:
        from platform_assets.monitoring.drift.assess import assess_drift

        at = wall_now()
        lines = [_line(report) for each in products for report in assess_drift(settings, ledger, each, at=at)]
    show(lines, as_json=as_json, render=lambda: _rendered(lines))
    finish(is_ok=all("fail" not in (line.data_level, line.score_level) for line in lines))


def _line(report: "DriftReport") -> DriftLine:
    return DriftLine(
        drift_rate=report.drift_rate,
        judged=report.judged,
        drifted=tuple(one.name for one in report.drifted),
        data_level=report.data_level,
        score_level=report.score_level,
        asks_for_retraining=report.asks_for_retraining,
        report=report,
    )


def _rendered(lines: Sequence[DriftLine]) -> RenderableType:
    return Group(_overview(lines), "", _farthest(lines))


def _overview(lines: Sequence[DriftLine]) -> Table:
    columns = ("Product", "Comparison", "Window", "Rows", "Beside", "Drifted", "Share", "Data", "Scores", "Remark")
    table = Table(*columns, box=None, padding=(0, 1))
    for line in lines:
        report = line.report
        table.add_row(
            report.product,
            report.comparison,
            report.window.isoformat(),
            f"{report.rows:,}",
            f"{report.reference_rows:,}",
            f"{len(line.drifted)} of {line.judged}",
            "-" if line.drift_rate is None else f"{line.drift_rate:.0%}",
            _styled(line.data_level) if line.judged else "-",
            _styled(line.score_level) if report.score and report.score.is_judged else "-",
            _remark(line),
        )
    return table


def _farthest(lines: Sequence[DriftLine]) -> Table:
    table = Table("Product", "Comparison", "What drifted", "Level", "How", box=None, padding=(0, 1))
    for line in lines:
        scores = [line.report.score] if line.report.score and line.score_level != "pass" else []
        for one in [*line.report.drifted, *scores]:
            table.add_row(line.report.product, line.report.comparison, one.name, _styled(one.level), one.told)
    return table


def _remark(line: DriftLine) -> str:
    if line.asks_for_retraining:
        return "asks for retraining"
    is_empty = not line.judged and not (line.report.score and line.report.score.is_judged)
    return line.report.told or ("not enough rows" if is_empty else "")


def _styled(level: str) -> str:
    return f"[{_STYLES[level]}]{level}[/]"
