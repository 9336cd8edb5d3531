"""What an endpoint tells of a running experiment: the live figures of all its workers in one document."""

import datetime as dt
from collections.abc import Mapping

import msgspec

from platform_assets.contract.assignment import Unit
from platform_assets.experiments.histogram import Histogram
from platform_assets.experiments.summary import Summary
from platform_assets.rollouts.experiments_course import ExperimentRecord


class VariantFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One variant as an endpoint has seen it: answers to calls, latencies in ms, scores by bucket."""

    name: str
    release_id: str
    share: float
    answers: int
    errors: int
    error_rate: float | None
    p50_ms: float | None
    p99_ms: float | None
    scores: Histogram


class ExperimentFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A running experiment at an instant; `paused` says why nobody is assigned at the moment.

    Labels, values and verdicts come later, to `platform experiments show`.
    """

    product: str
    experiment_id: str
    unit: Unit
    since: dt.datetime
    told_at: dt.datetime
    paused: str | None
    variants: tuple[VariantFigures, ...]


def figures_of(
    record: ExperimentRecord, seen: Mapping[str, Summary], *, paused: str | None, at: dt.datetime
) -> ExperimentFigures:
    """Return the figures of an experiment; a variant that has answered nothing yet has none."""
    experiment, nothing = record.experiment, Summary()
    return ExperimentFigures(
        product=experiment.product,
        experiment_id=experiment.id,
        unit=experiment.unit,
        since=record.changes[-1].at,
        told_at=at,
        paused=paused,
        variants=tuple(
            _figures(variant.name, variant.release, variant.share, seen.get(variant.name, nothing))
            for variant in experiment.variants
        ),
    )


def _figures(name: str, release_id: str, share: float, seen: Summary) -> VariantFigures:
    return VariantFigures(
        name=name,
        release_id=release_id,
        share=share,
        answers=seen.answers,
        errors=seen.errors,
        error_rate=seen.error_rate,
        p50_ms=seen.latency_ms.quantile(0.5),
        p99_ms=seen.latency_ms.quantile(0.99),
        scores=seen.scores,
    )
