"""Assesses a product now: every comparison that its batches, its answers and its training set allow."""

import datetime as dt
from collections.abc import Iterator

import msgspec

from platform_assets.contract.product import Product
from platform_assets.errors import BundleError, NotMaterializedError
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.release import Release, read_release
from platform_assets.ledger.database import Ledger
from platform_assets.monitoring.drift.answers import LIVE_DAYS, answered_sample
from platform_assets.monitoring.drift.batches import Batch, published_sample, samples_before
from platform_assets.monitoring.drift.figures import LEVELS, Comparison, DriftLevels, DriftReport
from platform_assets.monitoring.drift.judge import judge_inputs, judge_score
from platform_assets.monitoring.drift.samples import Sample
from platform_assets.monitoring.drift.score_bins import score_bins
from platform_assets.monitoring.drift.training import training_sample
from platform_assets.settings import Settings

_NO_BATCH = "no batch is published yet"
_NO_TRAINING = "the training set of the release is not there any more"


def assess_drift(
    settings: Settings, ledger: Ledger, product: Product, *, at: dt.datetime, levels: DriftLevels = LEVELS
) -> tuple[DriftReport, ...]:
    """Return the reports on a product at a wall time: two for its batch, three more for one that is served.

    What is not there is told in its report and never raised. Nothing is written. Raises LedgerUnavailableError.
    """
    assessment = _Assessment(settings, ledger, product, at, levels)
    return (*assessment.of_batch(), *(assessment.of_answers() if product.online is not None else ()))


def compare_samples(
    product: Product,
    comparison: Comparison,
    reference: Sample,
    current: Sample,
    *,
    window: dt.date,
    release: Release | None = None,
    levels: DriftLevels = LEVELS,
) -> DriftReport:
    """Return the report of one comparison; inputs that only one of the samples has are left out."""
    independent = (reference.independent, current.independent)
    return DriftReport(
        product=product.name,
        comparison=comparison,
        window=window,
        release_id=release.release_id if release else "",
        model_version=release.model_version if release else 0,
        rows=current.rows,
        reference_rows=reference.rows,
        features=judge_inputs(reference.inputs, current.inputs, levels, independent=independent),
        score=judge_score(
            reference.scores,
            current.scores,
            stands_for=reference.stands_for,
            independent=independent,
            levels=levels,
        ),
        score_bins=score_bins(reference.scores, current.scores),
    )


class _Assessment:
    """One look at a product; its training set is read once however often it is compared with."""

    def __init__(
        self, settings: Settings, ledger: Ledger, product: Product, at: dt.datetime, levels: DriftLevels
    ) -> None:
        self._settings, self._ledger, self._product = settings, ledger, product
        self._at, self._levels = at, levels
        self._trained: dict[str, Sample | None] = {}
        self._batch, self._problem = self._published()

    def of_batch(self) -> Iterator[DriftReport]:
        """Yield the published batch beside training, and beside the batches before."""
        if self._batch is None:
            yield self._none("batch_from_training", self._problem)
            yield self._none("batch_from_last", self._problem)
            return
        batch, release = self._batch, self._release(self._batch.publication.release_id)
        beside_training = self._beside_training(
            "batch_from_training", batch.sample, release, batch.window, batch.problem
        )
        yield self._without_season(beside_training)
        before = samples_before(self._settings, self._ledger, self._product, batch)
        yield self._compared("batch_from_last", before, batch.sample, batch.window, release)

    def of_answers(self) -> Iterator[DriftReport]:
        """Yield the answers of the last days beside training, beside the batch and beside the days before."""
        live = read_live(self._settings.releases_dir, self._product.name)
        release = self._release(live.release_id) if live else None
        if release is None:
            for comparison in ("live_from_training", "live_from_batch", "live_from_last"):
                yield self._none(comparison, "no release is in force, or its file is damaged")
            return
        span, window = dt.timedelta(days=LIVE_DAYS), self._at.date()
        answers = answered_sample(self._settings, self._product, release, since=self._at - span, until=self._at)
        yield self._beside_training("live_from_training", answers, release, window)
        if self._batch is None or self._batch.problem:
            yield self._none("live_from_batch", self._batch.problem if self._batch else self._problem)
        else:
            yield self._compared("live_from_batch", self._batch.sample, answers, window, release)
        before = answered_sample(
            self._settings, self._product, release, since=self._at - 2 * span, until=self._at - span
        )
        yield self._compared("live_from_last", before, answers, window, release)

    def _without_season(self, report: DriftReport) -> DriftReport:
        """Leave out the inputs of a batch with a season: it stands at one place of it, training at all of them."""
        days = self._product.guardrails.season_days
        if days is None or not report.features:
            return report
        told = f"with a season of {days} days inputs of one batch are compared with those at the same place in it"
        return msgspec.structs.replace(report, features=(), told=told)

    def _beside_training(
        self, comparison: Comparison, sample: Sample, release: Release | None, window: dt.date, problem: str = ""
    ) -> DriftReport:
        trained = self._training(release) if release else None
        if trained is None or problem:
            return self._none(comparison, problem or _NO_TRAINING, window)
        return self._compared(comparison, trained, sample, window, release)

    def _compared(
        self, comparison: Comparison, reference: Sample, current: Sample, window: dt.date, release: Release | None
    ) -> DriftReport:
        return compare_samples(
            self._product, comparison, reference, current, window=window, release=release, levels=self._levels
        )

    def _none(self, comparison: Comparison, why: str, window: dt.date | None = None) -> DriftReport:
        return DriftReport(
            product=self._product.name, comparison=comparison, window=window or self._at.date(), told=why
        )

    def _published(self) -> tuple[Batch | None, str]:
        try:
            return published_sample(self._settings, self._ledger, self._product), _NO_BATCH
        except NotMaterializedError as error:
            return None, str(error)

    def _release(self, release_id: str) -> Release | None:
        try:
            return read_release(self._settings.releases_dir, self._product.name, release_id)
        except BundleError:
            return None

    def _training(self, release: Release) -> Sample | None:
        if release.release_id not in self._trained:
            try:
                found = training_sample(self._settings, self._ledger, self._product, release)
            except (BundleError, NotMaterializedError):
                found = None
            self._trained[release.release_id] = found
        return self._trained[release.release_id]
