"""The figures as one picture: requests/s with one row and rows/s with a hundred, over the same servers."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.bench.serving.figures import Figures
from tests.bench.serving.servers import CEILING, OURS, SERVERS

_COLOURS = {OURS: "#c1440e", CEILING: "#9aa0a6"}
_PEER_COLOUR = "#3b6ea5"
_DPI = 110


def draw(figures: Figures, path: Path, *, connections: int, note: str) -> None:
    """Write the picture; servers without a figure are left out."""
    mpl.use("agg")
    picture = Figure(figsize=(12, 5.5), layout="constrained")
    left, right = picture.subplots(1, 2)
    title = f"one row a request, {connections} connections"
    _bars(left, figures, f"rows-1-c{connections}", title=title, unit="requests/s")
    title = f"100 rows a request, {connections} connections"
    _bars(right, figures, f"rows-100-c{connections}", title=title, unit="rows/s")
    picture.suptitle(f"One model, one worker each, one run; medians over rounds. {note}".strip(), fontsize=11)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the version of the library in it, the same figures give the same file.
    picture.savefig(path, dpi=_DPI, metadata={"Software": None})


def _bars(axes: Axes, figures: Figures, scenario: str, *, title: str, unit: str) -> None:
    found = [(server, line) for server in SERVERS if (line := figures.line(server.name, scenario))]
    found.sort(key=lambda pair: pair[1].rows_per_s)
    found = [pair for pair in found if pair[1].rows_per_s > 0]  # a logarithm of nothing cannot be drawn
    values = [line.requests_per_s if unit == "requests/s" else line.rows_per_s for _, line in found]
    colours = [_COLOURS.get(server.name, _PEER_COLOUR) for server, _ in found]
    bars = axes.barh([server.title for server, _ in found], values, color=colours)
    axes.bar_label(bars, labels=[f"{value:,.0f}" for value in values], padding=3, fontsize=8)
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(f"{unit}, logarithmic")
    if values:
        axes.set_xscale("log")
        axes.set_xlim(left=max(1.0, min(values) / 3), right=max(values) * 6)
