"""Concept drift: the same inputs come true at another rate than the model learned, whatever its inputs look like."""

import datetime as dt
import math

import numpy as np

from platform_assets.contract.ages import business_now
from platform_assets.contract.alert_rules import AlertRule
from platform_assets.contract.product import Product
from platform_assets.inference.release import Release
from platform_assets.monitoring.outcomes.performance import recent_sample
from platform_assets.monitoring.rules.finding import Measured
from platform_assets.settings import Settings

_95 = 1.96


def truth_gap(settings: Settings, product: Product, release: Release, rule: AlertRule, *, at: dt.datetime) -> Measured:
    """Return how far the rate at which predictions came true lies from their mean, by labels of the last days.

    It is over its level only where chance does not explain it. Only a probability promises a rate.
    """
    if product.score.kind != "probability":
        return Measured(told="not measured because only a probability says how often it comes true")
    known_until = business_now(product, settings.clock, at)
    since = known_until - dt.timedelta(days=rule.over_days)
    sample = recent_sample(settings, product, release.release_id, known_since=since, known_until=known_until)
    difference = (sample.score - sample.truth)[np.isfinite(sample.truth)]
    rows = len(difference)
    if rows < rule.minimum:
        told = f"{rows} labels of the release in force became known in the {rule.over_days} days before"
        return Measured(told=f"{told} {known_until:%Y-%m-%d}, at least {rule.minimum} are needed")
    gap, chance = float(difference.mean()), _95 * float(difference.std()) / math.sqrt(rows)
    score = float(sample.score[np.isfinite(sample.truth)].mean())
    told = f"{score - gap:.1%} of {rows:,} predictions of the last labels came true, their mean is {score:.1%}"
    facts = {"gap": gap, "by_chance": chance, "mean_score": score, "mean_truth": score - gap}
    is_over = abs(gap) > rule.above and abs(gap) > chance
    return Measured(told=told, value=abs(gap), is_over=is_over, facts=facts)
