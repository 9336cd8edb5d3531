"""What became of the answers of an experiment or a rollout: labels and values that are known by now, one per unit.

A unit counts by its first answer alone: its later ones share its outcome, and counting them again would make chance
look like a difference.
"""

import datetime as dt

import msgspec

from platform_assets.contract.evaluation import Label
from platform_assets.contract.product import Product
from platform_assets.monitoring.experiment_answers import FirstAnswer, Gathered
from platform_assets.monitoring.outcomes.examples import answered_examples, came_true
from platform_assets.settings import Settings


def count_outcomes(settings: Settings, product: Product, gathered: Gathered, *, known_until: dt.datetime) -> None:
    """Add the labels and values that are known at `known_until` (business time) to the sums of each variant.

    Raises NotMaterializedError when staging files are missing, InvalidProductError when the SQL fails.
    """
    count_labels(settings, product, gathered, known_until=known_until)
    if product.online is not None and product.online.value is not None:
        for answer, value in _outcomes(settings, product, product.online.value, gathered, known_until):
            gathered.tallies[answer.variant].count_value(value)


def count_labels(settings: Settings, product: Product, gathered: Gathered, *, known_until: dt.datetime) -> None:
    """Add the labels that are known at `known_until` (business time) to the sums of each variant.

    An answer is right when its label is the one that came true; one without a label is not. What becomes known only
    later is in no figure yet, and a score without a threshold has no labels. Raises as `count_outcomes`.
    """
    threshold = product.score.threshold
    if threshold is not None:
        for answer, truth in _outcomes(settings, product, product.label, gathered, known_until):
            true_label = threshold.at_or_above if truth > 0 else threshold.below
            gathered.tallies[answer.variant].count_label(right=answer.label == true_label)


def _outcomes(
    settings: Settings, product: Product, outcome: Label, gathered: Gathered, known_until: dt.datetime
) -> list[tuple[FirstAnswer, float]]:
    """Return each first answer whose window is over with what came true; without those that nobody observed."""
    latest = known_until - dt.timedelta(hours=outcome.horizon_hours)
    due = [answer for answer in gathered.in_order() if answer.event_at <= latest]
    if not due:
        return []
    keys = [msgspec.json.decode(answer.row_keys) for answer in due]
    sent = [msgspec.json.decode(answer.request) for answer in due]
    examples = answered_examples(product, [answer.event_at for answer in due], keys, sent)
    found = came_true(settings, product, outcome, examples)
    return [(answer, value) for answer, value in zip(due, found, strict=True) if value is not None]
