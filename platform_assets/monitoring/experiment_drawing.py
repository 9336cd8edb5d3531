"""A look at an experiment as text for people: tables in Markdown, and each interval drawn around zero."""

from platform_assets.experiments.rates import Interval
from platform_assets.experiments.verdict import Verdict
from platform_assets.monitoring.experiment_reading import ExperimentReading, VariantReading

_HALF = 20  # characters on either side of zero


def split_told(reading: ExperimentReading) -> str:
    """Return whether units arrive in the declared shares: what comes before every verdict."""
    found = reading.report.sample_ratio
    counted = " : ".join(f"{one.units:,}" for one in reading.variants)
    shares = " : ".join(f"{one.variant.share:g}" for one in reading.variants)
    if found.is_mismatch:
        return f"SAMPLE RATIO MISMATCH: {counted} units for shares {shares} (p {found.p_value:.2g}): rely on no verdict"
    return f"the split is sound: {counted} units for shares {shares} (p {found.p_value:.2g})"


def verdict_told(verdict: Verdict) -> str:
    """Return a verdict as one phrase with its numbers."""
    if verdict.effect is None or verdict.interval is None or verdict.p_value is None:
        return f"{verdict.word}: too few, {verdict.units[0]:,} and {verdict.units[1]:,}"
    low, high = verdict.interval
    exact = "" if verdict.is_exact else ", asymptotic"
    return f"{verdict.word}: {verdict.effect:+.4g} in [{low:.4g}, {high:.4g}], p {verdict.p_value:.2g}{exact}"


def as_markdown(reading: ExperimentReading) -> str:
    """Return the split, the figures of each variant, and each effect with its interval, on one scale per metric."""
    lines = [
        split_told(reading),
        "",
        "| variant | release | share | units | answers | failed | p99 ms | accuracy | value per unit |",
        "|---|---|---|---|---|---|---|---|---|",
        *(f"| {' | '.join(figures(one))} |" for one in reading.variants),
        "",
        "| treatment | metric | verdict | worse or better than 0 |",
        "|---|---|---|---|",
    ]
    for name, verdicts in reading.report.verdicts.items():
        for verdict in verdicts:
            drawn = f"`{drawn_interval(verdict, widest=_widest(reading, verdict.metric))}`"
            lines.append(f"| {name} | {verdict.metric} | {verdict_told(verdict)} | {drawn} |")
    return "\n".join(lines)


def figures(one: VariantReading) -> tuple[str, ...]:
    """Return the figures of a variant as cells of a table."""
    return (
        one.variant.name,
        one.variant.release,
        f"{one.variant.share:.0%}",
        f"{one.units:,}",
        f"{one.answers:,}",
        "-" if one.error_rate is None else f"{one.errors:,} ({one.error_rate:.2%})",
        "-" if one.p99_ms is None else f"{one.p99_ms:.1f}",
        "-" if one.accuracy is None else f"{one.accuracy:.2%} of {one.labels:,}",
        "-" if one.value_mean is None else f"{one.value_mean:.4g} of {one.values:,}",
    )


def drawn_interval(verdict: Verdict, *, widest: float) -> str:
    """Return zero as a bar, the interval as a line and the effect as a dot; `widest` is what the drawing reaches."""
    cells = [" "] * (2 * _HALF + 1)
    if verdict.interval is not None and verdict.effect is not None:
        low, high = (_place(bound, widest) for bound in verdict.interval)
        cells[low : high + 1] = "─" * (high + 1 - low)
        cells[_HALF] = "┼" if low <= _HALF <= high else "│"
        cells[_place(verdict.effect, widest)] = "●"
    else:
        cells[_HALF] = "│"
    return "".join(cells)


def _place(value: float, widest: float) -> int:
    return _HALF + round(_HALF * max(-1.0, min(1.0, value / widest)))


def _widest(reading: ExperimentReading, metric: str) -> float:
    bounds: list[Interval] = [
        one.interval
        for verdicts in reading.report.verdicts.values()
        for one in verdicts
        if one.metric == metric and one.interval is not None
    ]
    return max((abs(bound) for interval in bounds for bound in interval), default=1.0) or 1.0
