"""Drift as pictures and tables: a bar per feature, the distributions of the scores, and the windows before.

Pictures are SVG inside of Markdown, so that they need no file, no other host and no library.
"""

import base64
import math
from collections.abc import Iterator, Sequence
from html import escape

from platform_assets.monitoring.drift.figures import DriftLevel, DriftReport, FeatureDrift
from platform_assets.monitoring.drift.history import PastDrift
from platform_assets.monitoring.drift.score_bins import ScoreBin

_COLOURS: dict[DriftLevel, str] = {"pass": "#5b8db8", "warn": "#d99a1c", "fail": "#c0392b"}
_NAMES, _PANEL, _ROW, _TOP = 230, 210, 16, 34  # pixels
_MOST_SIGMAS, _MOST_FEATURES, _MOST_ROWS = 4.0, 40, 12


def as_markdown(report: DriftReport) -> str:
    """Return one comparison: pictures of features and scores, and the farthest features in words."""
    parts = [_headline(report)]
    if report.judged:
        parts += [picture(effects_svg(report.features), f"features of {report.comparison}"), _table(report)]
    if report.score_bins:
        parts.append(picture(scores_svg(report.score_bins), f"scores of {report.comparison}"))
    return "\n\n".join(part for part in parts if part)


def history_markdown(past: Sequence[PastDrift]) -> str:
    """Return the recorded windows on one line each, the newest last."""
    lines = ["| window | comparison | features that drifted | of | share | scores |", "|---|---|---|---|---|---|"]
    for one in past:
        share = "-" if one.drift_rate is None else f"{one.drift_rate:.0%}"
        distance = "" if one.score_ks is None else f", KS {one.score_ks:.2f}"
        lines.append(
            f"| {one.window} | {one.comparison} | {len(one.drifted)} | {one.judged} | {share} "
            f"| {one.score_level}{distance} |"
        )
    return "\n".join(lines)


def picture(svg: str, alt: str) -> str:
    """Return a picture as Markdown that carries its own content."""
    return f"![{alt}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"


def effects_svg(features: Sequence[FeatureDrift]) -> str:
    """Return a bar per judged feature, the farthest first: the move of its mean, and the distance of distributions."""
    shown = sorted((one for one in features if one.is_judged), key=_farthest)[:_MOST_FEATURES]
    height = _TOP + _ROW * len(shown) + 8
    body = [
        _text(_NAMES, 14, "move of the mean, in sigmas"),
        _text(_NAMES + _PANEL + 20, 14, "share that lies elsewhere"),
    ]
    for place, one in enumerate(shown):
        body += _row(one, _TOP + _ROW * place)
    bounds = [(_NAMES + _PANEL * at / _MOST_SIGMAS, f"{at:g}") for at in (2.0, 3.0)]
    bounds += [(_NAMES + _PANEL + 20 + _PANEL * at, f"{at:.0%}") for at in (0.2, 0.5)]
    body += [part for x, told in bounds for part in _bound(x, told, height)]
    return _svg(_NAMES + 2 * _PANEL + 40, height, body)


def scores_svg(bins: Sequence[ScoreBin]) -> str:
    """Return both distributions of scores: the reference in grey behind what is compared with it."""
    width, height, step = 480, 150, 460 / len(bins)
    most = max(max(one.share, one.reference_share) for one in bins) or 1.0
    body = [_text(10, 14, "scores: now in blue, the reference in grey")]
    for place, one in enumerate(bins):
        x = 10 + step * place
        body += [
            _bar(x, height - 20, step * 0.9, 100 * one.reference_share / most, "#b9b9b9"),
            _bar(x + step * 0.2, height - 20, step * 0.5, 100 * one.share / most, _COLOURS["pass"]),
        ]
    every = max(len(bins) // 6, 1)
    body += [_text(10 + step * at, height - 6, bins[at].name) for at in range(0, len(bins), every)]
    return _svg(width, height, body)


def _headline(report: DriftReport) -> str:
    if not report.judged and not (report.score and report.score.is_judged):
        return report.told or "; ".join(dict.fromkeys(one.told for one in report.features[:1])) or "not enough rows"
    told = [f"window {report.window}: {report.rows} rows beside {report.reference_rows}"]
    if report.judged:
        told.append(f"{len(report.drifted)} of {report.judged} features drifted")
    if report.told:
        told.append(report.told)
    if report.score:
        told.append(f"scores: {report.score.told}")
    return "; ".join(told) + "."


def _table(report: DriftReport) -> str:
    lines = ["| feature | level | what | mean | was | KS | PSI | q |", "|---|---|---|---|---|---|---|---|"]
    for one in sorted((one for one in report.features if one.is_judged), key=_farthest)[:_MOST_ROWS]:
        figures = (one.mean, one.reference_mean, one.ks, one.psi, one.q_value)
        told = " | ".join("-" if value is None else f"{value:.3g}" for value in figures)
        lines.append(f"| {one.name} | {one.level} | {one.told} | {told} |")
    return "\n".join(lines)


def _farthest(one: FeatureDrift) -> tuple[int, float, float]:
    return (
        ("fail", "warn", "pass").index(one.level),
        -(one.ks if one.ks is not None else 1.0),
        -(one.mean_sigmas or 0.0),
    )


def _row(one: FeatureDrift, y: int) -> Iterator[str]:
    colour, base = _COLOURS[one.level], y + _ROW - 4
    yield _text(_NAMES - 8, base, one.name, anchor="end")
    sigmas = min(one.mean_sigmas or 0.0, _MOST_SIGMAS)
    distance = one.ks if one.ks is not None else 0.0
    yield f'<rect x="{_NAMES}" y="{y}" width="{_PANEL * sigmas / _MOST_SIGMAS:.1f}" height="12" fill="{colour}"/>'
    yield f'<rect x="{_NAMES + _PANEL + 20}" y="{y}" width="{_PANEL * distance:.1f}" height="12" fill="{colour}"/>'


def _bound(x: float, told: str, height: int) -> Iterator[str]:
    yield f'<line x1="{x:.1f}" y1="{_TOP - 4}" x2="{x:.1f}" y2="{height - 6}" stroke="#888" stroke-dasharray="3 3"/>'
    yield _text(x, _TOP - 7, told, anchor="middle")


def _bar(x: float, base: float, width: float, height: float, colour: str) -> str:
    tall = height if math.isfinite(height) else 0.0
    return f'<rect x="{x:.1f}" y="{base - tall:.1f}" width="{width:.1f}" height="{tall:.1f}" fill="{colour}"/>'


def _text(x: float, y: float, told: str, *, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(told)}</text>'


def _svg(width: int, height: int, body: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="11" fill="#222"><rect width="100%" height="100%" fill="#fff"/>'
        f"{''.join(body)}</svg>"
    )
