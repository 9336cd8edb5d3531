"""Measures that follow from outcomes: how much less often than in its evaluation a release is right by now."""

import datetime as dt

from platform_assets.contract.ages import business_now
from platform_assets.contract.alert_rules import AlertRule
from platform_assets.contract.product import Product
from platform_assets.inference.release import Release
from platform_assets.monitoring.outcomes.evaluated import Evaluated, evaluation_of
from platform_assets.monitoring.outcomes.figures import Figure, accuracy_of, mean_error_of
from platform_assets.monitoring.outcomes.performance import recent_sample
from platform_assets.monitoring.rules.finding import Measured
from platform_assets.settings import Settings

_NO_EVALUATION = "not measured because the evaluation of the release is not kept beside its bundle"


def accuracy_drop(
    settings: Settings, product: Product, release: Release, rule: AlertRule, *, at: dt.datetime
) -> Measured:
    """Return by how much a release is worse than in its evaluation, by labels that became known in the last days.

    With a threshold it is the accuracy of the evaluation less that of now; for an estimate the mean absolute error of
    now over that of the evaluation, less 1. It is over its level only where the interval shows that it is worse at all.
    """
    if product.score.kind == "class":
        return Measured(told="not measured because a class is neither right nor wrong")
    if product.score.kind == "probability" and product.score.threshold is None:
        return Measured(told="not measured because the score has no threshold: its answers carry no label to be right")
    known_until = business_now(product, settings.clock, at)
    since = known_until - dt.timedelta(days=rule.over_days)
    sample = recent_sample(settings, product, release.release_id, known_since=since, known_until=known_until)
    if len(sample) < rule.minimum:
        return Measured(told=_too_few(product, rule, len(sample), known_until))
    evaluated = evaluation_of(settings, release)
    if evaluated is None:
        return Measured(told=_NO_EVALUATION)
    if product.score.threshold is not None:
        return _lost_answers(evaluated, accuracy_of(sample), rule, len(sample))
    return _grown_error(evaluated, mean_error_of(sample), rule, len(sample))


def _lost_answers(evaluated: Evaluated, found: Figure | None, rule: AlertRule, rows: int) -> Measured:
    expected = evaluated.accuracy
    if expected is None or found is None:
        return Measured(told="not measured because the accuracy of the evaluation, or of the answers, is undefined")
    drop = expected - found.value
    is_shown = found.high is not None and found.high < expected
    told = f"{found.value:.1%} of {rows:,} labels of the last {rule.over_days} days came true, {expected:.1%} in the "
    return _measured(told + f"evaluation: {_points(drop)}", drop, rule, found, expected, is_shown=is_shown)


def _grown_error(evaluated: Evaluated, found: Figure | None, rule: AlertRule, rows: int) -> Measured:
    expected = evaluated.of_model("mae")
    if not expected or found is None:
        return Measured(told="not measured because the mean absolute error of the evaluation is undefined")
    growth = found.value / expected - 1.0
    is_shown = found.low is not None and found.low > expected
    told = (
        f"the score has no threshold, so its error is held instead: {found.value:.4g} over {rows:,} labels of the last "
        f"{rule.over_days} days, {expected:.4g} in the evaluation, {growth:+.1%}"
    )
    return _measured(told, growth, rule, found, expected, is_shown=is_shown)


def _measured(told: str, value: float, rule: AlertRule, found: Figure, expected: float, *, is_shown: bool) -> Measured:
    if value > rule.above and not is_shown:
        told += ", which so few labels do not show"
    facts = {"now": found.value, "low": found.low, "high": found.high, "evaluation": expected}
    return Measured(told=told, value=value, is_over=value > rule.above and is_shown, facts=facts)


def _points(drop: float) -> str:
    return f"{abs(drop) * 100:.1f} points {'less' if drop > 0 else 'more'}"


def _too_few(product: Product, rule: AlertRule, rows: int, known_until: dt.datetime) -> str:
    hours = product.label.horizon_hours
    wait = f"{hours / 24:g} days" if hours >= 24 else f"{hours:g} hours"  # noqa: PLR2004 - hours of a day
    return (
        f"{rows} labels of the release in force became known in the {rule.over_days} days before "
        f"{known_until:%Y-%m-%d}, at least {rule.minimum} are needed; a label is known {wait} after its prediction"
    )
