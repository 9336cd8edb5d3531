"""A look at an experiment: the figures of each variant, the verdicts, and whether they can be relied on at all."""

import datetime as dt

import msgspec

from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.experiments import Variant
from platform_assets.contract.product import Product
from platform_assets.errors import ExperimentStateError
from platform_assets.experiments.sample_ratio import Period
from platform_assets.experiments.summary import Summary
from platform_assets.experiments.verdict import Report, report
from platform_assets.inference.live_pointer import read_live
from platform_assets.monitoring.experiment_answers import compared_in, gather_answers
from platform_assets.monitoring.experiment_outcomes import count_outcomes
from platform_assets.rollouts.experiments import stop
from platform_assets.rollouts.experiments_course import ExperimentRecord, pause
from platform_assets.rollouts.moves import Pointers, Word
from platform_assets.settings import Settings

_MOST_SLOW = 0.99


class VariantReading(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one variant; latencies in ms, `value_mean` in the unit of the product's value per unit."""

    variant: Variant
    units: int
    answers: int
    errors: int
    error_rate: float | None
    p50_ms: float | None
    p99_ms: float | None
    labels: int
    accuracy: float | None
    values: int
    value_mean: float | None
    summary: Summary


class ExperimentReading(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an experiment at an instant; labels and values up to the business time `known_until`.

    `paused` says why a running experiment assigns nobody at the moment; `overridden` counts answers whose variant a
    caller chose, which are in no figure.
    """

    record: ExperimentRecord
    told_at: dt.datetime
    known_until: dt.datetime
    paused: str | None
    variants: tuple[VariantReading, ...]
    overridden: int
    report: Report

    @property
    def harm(self) -> str | None:
        """What is shown to be worse than the control, in words with the numbers; None without harm."""
        told = [
            f"{name} is worse in {one.metric}: {one.effect:+.4g}, in [{one.interval[0]:.4g}, {one.interval[1]:.4g}]"
            for name in self.report.harmful
            for one in self.report.verdicts[name]
            if one.word == "worse" and one.effect is not None and one.interval is not None
        ]
        return "; ".join(told) or None


def read_outcomes(
    settings: Settings, product: Product, record: ExperimentRecord, *, at: dt.datetime
) -> ExperimentReading:
    """Return a look at an experiment from what the lake holds at this instant; it may be taken as often as one likes.

    Raises NotMaterializedError when outcomes are due and the staging files are missing.
    """
    experiment = record.experiment
    known_until = settings.clock.now(pinned=DATASETS[product.dataset].replay_now, wall=at)
    gathered = gather_answers(settings, product, compared_in(record))
    count_outcomes(settings, product, gathered, known_until=known_until)
    summaries = {name: tally.summary() for name, tally in gathered.tallies.items()}
    units = gathered.units(tuple(variant.name for variant in experiment.variants))
    period = Period(units, [variant.share for variant in experiment.variants])
    live = read_live(settings.releases_dir, product.name)
    return ExperimentReading(
        record=record,
        told_at=at,
        known_until=known_until,
        paused=pause(experiment, live) if record.state == "running" else None,
        variants=tuple(
            _variant(variant, count, summaries[variant.name])
            for variant, count in zip(experiment.variants, units, strict=True)
        ),
        overridden=gathered.overridden,
        report=report(experiment, summaries, [period]),
    )


def stop_at_harm(settings: Settings, reading: ExperimentReading, *, by: str) -> ExperimentRecord | None:
    """Stop a running experiment in which a variant is shown to be worse, so that the control answers everybody again.

    Returns the stopped record, or None when there is no harm or somebody else was faster. A broken split is no reason
    to go on: the safe side is the control.
    """
    told, harm = reading.record.experiment, reading.harm
    if harm is None or reading.record.state != "running":
        return None
    evidence = {"report": msgspec.to_builtins(reading.report), "known_until": reading.known_until.isoformat()}
    word = Word(by=by, at=reading.told_at, reason=harm, evidence=evidence)
    try:
        return stop(Pointers(releases_dir=settings.releases_dir, fsync=settings.fsync), told.product, told.id, word)
    except ExperimentStateError:  # a person, or another look, stopped it in between
        return None


def _variant(variant: Variant, units: int, seen: Summary) -> VariantReading:
    return VariantReading(
        variant=variant,
        units=units,
        answers=seen.answers,
        errors=seen.errors,
        error_rate=seen.error_rate,
        p50_ms=seen.latency_ms.quantile(0.5),
        p99_ms=seen.latency_ms.quantile(_MOST_SLOW),
        labels=seen.labels,
        accuracy=seen.accuracy,
        values=seen.values.count,
        value_mean=seen.values.mean,
        summary=seen,
    )
