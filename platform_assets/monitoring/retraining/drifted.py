"""Drift that was recorded in the lake and asks for a new model: what comes in is not what was trained on."""

import datetime as dt
from itertools import takewhile

from platform_assets.clock import midnight
from platform_assets.monitoring.drift.figures import Comparison
from platform_assets.monitoring.drift.history import PastDrift, past_drift
from platform_assets.monitoring.retraining.breaches import Breach
from platform_assets.settings import Settings

_FROM_TRAINING: tuple[Comparison, ...] = ("batch_from_training", "live_from_training")
_SETTLE_DAYS = 7
# What was recorded longer ago says nothing of now.
_FRESH = dt.timedelta(days=14)


def drift_breaches(settings: Settings, product: str, release_id: str, now: dt.datetime) -> list[Breach]:
    """Return the comparisons with training whose newest window failed for a release; `now` is the business time.

    A breach begins with the first of the failed windows in a row that end with the newest one.
    """
    found = (_breach(settings, product, comparison, release_id, now) for comparison in _FROM_TRAINING)
    return [breach for breach in found if breach is not None]


def _breach(
    settings: Settings, product: str, comparison: Comparison, release_id: str, now: dt.datetime
) -> Breach | None:
    past = [one for one in past_drift(settings, product, comparison=comparison) if one.release_id == release_id]
    failed = list(takewhile(_is_failed, reversed(past)))
    if not failed or midnight(failed[0].window) < now - _FRESH:
        return None
    newest = failed[0]
    return Breach(
        promise="drift",
        subject=comparison,
        incident_id=None,
        since=midnight(failed[-1].window),
        value=newest.score_ks if newest.score_level != "pass" else newest.drift_rate,
        limit=None,
        unit="share",
        told=_told(newest),
        settle_days=_SETTLE_DAYS,
    )


def _is_failed(one: PastDrift) -> bool:
    return one.score_level != "pass" or one.data_level == "fail"  # as `DriftReport.asks_for_retraining` has it


def _told(one: PastDrift) -> str:
    parts = []
    if one.score_level != "pass" and one.score_ks is not None:
        parts.append(f"the distributions of scores differ by {one.score_ks:.3f}")
    if one.data_level == "fail":
        parts.append(f"{len(one.drifted)} of {one.judged} features drifted: {', '.join(one.drifted[:3])}")
    return f"{one.comparison.replace('_', ' ')} of {one.window}: {'; '.join(parts)}"
