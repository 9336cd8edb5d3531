"""Outcomes as pictures and tables: accuracy or error week by week with its interval, and the figures of each release.

Pictures are SVG inside of Markdown, as those of drift are.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from platform_assets.contract.product import Product
from platform_assets.monitoring.drift.drawing import picture
from platform_assets.monitoring.outcomes.figures import Figure, FigureName
from platform_assets.monitoring.outcomes.performance import ALL, Performance

_COLOURS = ("#2c6fa6", "#d98a1c", "#3c8f53", "#8a4fa3", "#666666")
_LEFT, _STEP, _TOP, _TALL, _FOOT = 60, 30, 28, 140, 34  # pixels
_MOST_WEEKS, _MOST_RELEASES, _MOST_ROWS = 26, len(_COLOURS), 60


def main_figure(product: Product) -> FigureName:
    """Return the figure that a product is drawn and summed up by."""
    if product.score.kind == "estimate":
        return "mae"
    return "accuracy" if product.score.threshold is not None else "brier"


def as_markdown(product: Product, found: Sequence[Performance]) -> str:
    """Return the weeks of the newest releases as a picture, and a row per release, variant, mode and slice."""
    if not found:
        return "no label is known yet of anything that was predicted"
    name = main_figure(product)
    whole = [one for one in found if one.window_start is None]
    drawn = weeks_svg(name, _by_release(name, found))
    lines = [f"| {' | '.join(HEAD)} |", "|" + "---|" * len(HEAD)]
    lines += [f"| {' | '.join(cells(one))} |" for one in whole[:_MOST_ROWS]]
    notes = [f"{len(whole) - _MOST_ROWS} more rows: `platform outcomes {product.name}`"] * (len(whole) > _MOST_ROWS)
    notes += sampled_note(whole)
    return "\n\n".join([*([picture(drawn, f"{name} by week")] if drawn else []), "\n".join(lines), *notes])


HEAD = ("release", "mode", "variant", "slice", "predictions", "entities", "score", "came true", "figures")


def cells(one: Performance) -> tuple[str, ...]:
    """Return one performance as cells of a table under HEAD."""
    return (
        f"{one.release_id} (v{one.model_version})",
        one.mode,
        one.variant or "-",
        one.slice,
        f"{one.rows:,}" + (f" (+{one.others:,} others)" if one.others else ""),
        f"{one.entities:,}",
        _number(one.mean_score),
        _number(one.mean_truth),
        ", ".join(f"{name} {figure_told(figure)}" for name, figure in one.figures.items()) or "-",
    )


def figure_told(figure: Figure) -> str:
    """Return a figure with its interval."""
    if figure.low is None or figure.high is None:
        return f"{figure.value:.4g}"
    return f"{figure.value:.4g} [{figure.low:.4g}, {figure.high:.4g}]"


def sampled_note(found: Sequence[Performance]) -> list[str]:
    """Return a line that says that the figures are of a sample; none where all predictions were looked at."""
    share = min((one.sample_share for one in found), default=1.0)
    return [f"Of a sample: {share:.0%} of the predictions were looked at."] if share < 1.0 else []


def weeks_svg(name: FigureName, releases: Mapping[str, Sequence[Performance]]) -> str:
    """Return a figure week by week, one colour per release, each week with its interval; empty without any week."""
    starts = sorted({start for weeks in releases.values() for start in _starts(weeks)})[-_MOST_WEEKS:]
    shown = {label: [one for one in weeks if one.window_start in starts] for label, weeks in releases.items()}
    figures = [one.figures[name] for weeks in shown.values() for one in weeks]
    if not figures:
        return ""
    low = min(figure.value if figure.low is None else figure.low for figure in figures)
    high = max(figure.value if figure.high is None else figure.high for figure in figures)
    scale = _Scale(starts, low, high if high > low else low + 1.0)
    body = [*scale.axes(name)]
    for colour, (label, weeks) in zip(_COLOURS, shown.items(), strict=False):
        body += _line(scale, name, weeks, colour)
        body.append(_text(_LEFT + 150 * _COLOURS.index(colour), 14, label, colour))
    return _svg(max(scale.width, _LEFT + 150 * len(shown)), _TOP + _TALL + _FOOT, body)


class _Scale:
    def __init__(self, starts: Sequence[dt.datetime], low: float, high: float) -> None:
        self._starts, self._low, self._high = starts, low, high
        self.width = _LEFT + _STEP * (len(starts) + 1)

    def x(self, start: dt.datetime) -> float:
        return _LEFT + _STEP * (self._starts.index(start) + 0.5)

    def y(self, value: float) -> float:
        return _TOP + _TALL * (self._high - value) / (self._high - self._low)

    def axes(self, name: str) -> Iterator[str]:
        for value in (self._low, (self._low + self._high) / 2, self._high):
            y = self.y(value)
            yield f'<line x1="{_LEFT}" x2="{self.width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            yield _text(4, y + 4, f"{value:.3g}", "#222")
        yield _text(4, 14, name, "#222")
        every = max(len(self._starts) // 6, 1)
        for start in self._starts[::every]:
            yield _text(self.x(start) - 26, _TOP + _TALL + 18, f"{start:%Y-%m-%d}", "#222")


def _line(scale: _Scale, name: FigureName, weeks: Sequence[Performance], colour: str) -> Iterator[str]:
    points = [(scale.x(one.window_start), one.figures[name]) for one in weeks if one.window_start is not None]
    path = " ".join(f"{x:.1f},{scale.y(figure.value):.1f}" for x, figure in points)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}"/>'
    for x, figure in points:
        if figure.low is not None and figure.high is not None:
            low, high = scale.y(figure.low), scale.y(figure.high)
            yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{high:.1f}" y2="{low:.1f}" stroke="{colour}"/>'
        yield f'<circle cx="{x:.1f}" cy="{scale.y(figure.value):.1f}" r="3" fill="{colour}"/>'


def _by_release(name: FigureName, found: Sequence[Performance]) -> dict[str, list[Performance]]:
    """Return the weeks of the newest releases by what stands beside their line."""
    releases: dict[str, list[Performance]] = {}
    for one in found:
        if one.window_start is not None and one.slice == ALL and name in one.figures:
            label = f"v{one.model_version} {one.mode}" + (f" {one.variant}" if one.variant else "")
            releases.setdefault(label, []).append(one)
    return dict(list(releases.items())[:_MOST_RELEASES])


def _starts(weeks: Sequence[Performance]) -> list[dt.datetime]:
    return [one.window_start for one in weeks if one.window_start is not None]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _text(x: float, y: float, told: str, colour: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}">{escape(told)}</text>'


def _svg(width: int, height: int, body: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="#fff"/>{"".join(body)}</svg>'
    )
