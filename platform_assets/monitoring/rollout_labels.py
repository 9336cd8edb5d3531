"""What became of the answers of one step of a rollout: the labels that are known by now, per release."""

import datetime as dt
from pathlib import Path

import msgspec

from platform_assets.clock import ClockMode
from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.product import Product
from platform_assets.monitoring.experiment_answers import Compared, Gathered, gather_answers
from platform_assets.monitoring.experiment_outcomes import count_labels
from platform_assets.settings import Settings

_CANDIDATE, _CONTROL = "candidate", "control"


class StepAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Which labels are asked for: of the answers of a rollout since its step began, as known at the instant `at`."""

    home: Path
    clock_mode: ClockMode
    product: Product
    rollout_id: str
    step_since: dt.datetime
    at: dt.datetime


class Known(msgspec.Struct, frozen=True):
    """How many answers' outcomes are known, and how many of those were predicted."""

    labels: int = 0
    right: int = 0


class StepLabels(msgspec.Struct, frozen=True, kw_only=True):
    """The labels of one step, and in words until when they are known, or why there are none."""

    told: str
    candidate: Known = Known()
    control: Known = Known()


def read_labels(asked: StepAsked) -> StepLabels:
    """Return the labels that the lake knows; each unit counts by its first answer in the step.

    Raises NotMaterializedError when outcomes are due and staging files are missing, InvalidProductError when the SQL of
    the label fails.
    """
    settings, product = Settings(home=asked.home, clock_mode=asked.clock_mode), asked.product
    known_until = settings.clock.now(pinned=DATASETS[product.dataset].replay_now, wall=asked.at)
    compared = Compared(asked.rollout_id, (_CANDIDATE, _CONTROL), asked.step_since)
    gathered = gather_answers(settings, product, compared)
    count_labels(settings, product, gathered, known_until=known_until)
    candidate, control = (_known(gathered, name) for name in compared.variants)
    by = f"by {known_until.isoformat(timespec='seconds')}"
    told = f"of outcomes that are known {by}"
    if not candidate.labels + control.labels:
        told = f"none of {len(gathered.first):,} units of this step has an outcome {by}"
    return StepLabels(told=told, candidate=candidate, control=control)


def _known(gathered: Gathered, variant: str) -> Known:
    seen = gathered.tallies[variant].summary()
    return Known(seen.labels, seen.right)
