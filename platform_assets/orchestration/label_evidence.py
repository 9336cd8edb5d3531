"""Labels of the step of a rollout as evidence: asked for where a gate judges them, and never waited for long."""

import datetime as dt

import msgspec

from platform_assets.contract.product import Product
from platform_assets.experiments.evidence import Evidence
from platform_assets.experiments.summary import Summary
from platform_assets.inference.live_pointer import LiveRollout
from platform_assets.lakehouse.table import table_exists
from platform_assets.monitoring.rollout_label_process import labels_within
from platform_assets.monitoring.rollout_labels import Known, StepAsked, StepLabels
from platform_assets.settings import Settings

_WITHIN_S = 20.0


def known_labels(settings: Settings, product: Product, rollout: LiveRollout, at: dt.datetime) -> StepLabels:
    """Return the labels of the step that is under way, within 20 seconds; none, with the reason, where there are none.

    A lake that is away is such a reason: it keeps no release back.
    """
    reason = _why_none(settings, product, rollout)
    if reason is not None:
        return StepLabels(told=reason)
    asked = StepAsked(
        home=settings.home,
        clock_mode=settings.clock_mode,
        product=product,
        rollout_id=rollout.rollout_id,
        step_since=rollout.step_since,
        at=at,
    )
    return labels_within(asked, _WITHIN_S)


def with_labels(evidence: Evidence, labels: StepLabels) -> Evidence:
    """Return the evidence of an endpoint, which knows of no outcomes, with those that the lake knows."""
    return msgspec.structs.replace(
        evidence,
        candidate=_with(evidence.candidate, labels.candidate),
        control=_with(evidence.control, labels.control),
    )


def _with(seen: Summary, known: Known) -> Summary:
    return msgspec.structs.replace(seen, labels=known.labels, right=known.right)


def _why_none(settings: Settings, product: Product, rollout: LiveRollout) -> str | None:
    if rollout.share <= 0.0:
        return "copies are not logged, so a shadowed step has no labels"
    if rollout.plan.after(rollout.step) is None:
        return "the last step is held against its hard limits alone"
    if product.score.threshold is None:
        return "a score without a threshold has no labels"
    if not table_exists(settings.prediction_log_dir):
        return "no prediction log was drained to the lake yet"
    return None
