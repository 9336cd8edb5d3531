"""Batches of the real history: every as-of scored by one trained pair, each judged against the one published before."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from platform_assets.batch.guarding.comparison import seasons_before
from platform_assets.batch.guarding.evidence import Evidence, LastBatch, Matured, ScoredRows
from platform_assets.batch.guarding.judge import judge_batch
from platform_assets.batch.guarding.result import GuardrailResult
from platform_assets.batch.rows import BatchIdentity, prediction_rows
from platform_assets.clock import midnight
from platform_assets.contract.datasets import DATASETS
from platform_assets.contract.product import Product
from platform_assets.features.frames import to_frame
from platform_assets.features.point_in_time import join_features
from platform_assets.features.population import label_examples, run_population
from platform_assets.features.snapshot import feature_manifest
from platform_assets.features.training_set import build_training_set
from platform_assets.inference.bundle import Bundle, load_bundle
from platform_assets.inference.release import Release, make_release
from platform_assets.inference.score_reference import ScoreReference, read_reference
from platform_assets.inference.scoring import score
from platform_assets.settings import Settings
from platform_assets.training.splits import as_of_grid
from platform_assets.training.train import train_product

FIRST = {"online_retail": dt.date(2010, 12, 6), "car_parks": dt.date(2016, 10, 25)}
STEP_DAYS = {"daily": 1, "nightly": 1, "weekly": 7}


@dataclass(frozen=True)
class Released:
    """A trained pair with all that judging its batches needs."""

    product: Product
    bundle: Bundle
    release: Release
    reference: ScoreReference | None


@dataclass(frozen=True)
class Scored:
    """One scored batch of the history: its rows and what they were scored from."""

    as_of: dt.datetime
    inputs: pa.Table
    rows: pa.Table


def train(settings: Settings, product: Product, directory: Path) -> Released:
    """Train a pair as the platform does; gates are not asked."""
    known_until = DATASETS[product.dataset].replay_now
    as_ofs = as_of_grid(product.split, horizon_hours=product.label.horizon_hours)
    made = build_training_set(settings, product, as_ofs=as_ofs, known_until=known_until)
    trained = train_product(
        product,
        made.table,
        trained_at=known_until,
        run_id="bench",
        code_version="bench",
        training_set_digest=made.digest,
        model_version=1,
        known_until=known_until,
        features_json=msgspec.json.encode(feature_manifest(settings, product)),
        directory=directory,
        fsync=False,
    )
    release = make_release(
        product, trained.manifest, bundle_path=directory.name, created_at=known_until, reason="benchmark"
    )
    return Released(product, load_bundle(directory), release, read_reference(directory))


def as_ofs_of(product: Product) -> list[dt.datetime]:
    """Return the as-ofs of a product's cadence over the last year of its data, over nearly all where it is short."""
    last = DATASETS[product.dataset].replay_now
    first = FIRST[product.dataset]
    if product.batch.cadence == "monthly":
        months = [(2010 + (11 + month) // 12, (11 + month) % 12 + 1) for month in range(13)]
        return [midnight(dt.date(year, month, 1)) for year, month in months]
    step = dt.timedelta(days=STEP_DAYS[product.batch.cadence])
    days = [midnight(first)]
    while days[-1] + step <= last:
        days.append(days[-1] + step)
    return days


def score_history(settings: Settings, released: Released, as_ofs: Sequence[dt.datetime]) -> list[Scored]:
    """Return the scored batch of every as-of."""
    product = released.product
    population = run_population(settings, product, product.batch.population, as_ofs)
    inputs = join_features(settings, product, population)
    return [
        _score(released, inputs.filter(pc.equal(inputs["as_of"], pa.scalar(day, inputs["as_of"].type))), day)
        for day in as_ofs
    ]


def _score(released: Released, inputs: pa.Table, as_of: dt.datetime) -> Scored:
    product = released.product
    identity = BatchIdentity(
        as_of=as_of,
        release=released.release,
        training_run_id="bench",
        feature_version=released.bundle.manifest.feature_version,
        input_artifact=f"batch_input:{as_of.date()}",
        run_id="bench",
        predicted_at=as_of,
    )
    scored = score(released.bundle, to_frame(product, inputs))
    return Scored(as_of, inputs, prediction_rows(product, inputs, scored, identity))


def evidence_on(
    released: Released,
    batch: Scored,
    last: Scored | None,
    *,
    matured: Matured | None = None,
    rows: pa.Table | None = None,
) -> Evidence:
    """Return the evidence on a batch, or on other `rows` in its place."""
    return Evidence(
        product=released.product,
        as_of=batch.as_of,
        model_version=1,
        release_id=released.release.release_id,
        table=batch.rows if rows is None else rows,
        population=batch.inputs,
        last=LastBatch(last.as_of, 1, ScoredRows(last.rows)) if last else None,
        reference=released.reference,
        matured=matured,
    )


def judge_history(
    settings: Settings, released: Released, history: Sequence[Scored]
) -> Iterator[tuple[Scored, list[GuardrailResult]]]:
    """Judge batch by batch as production would: what was refused is not published, so later ones skip it."""
    published: list[Scored] = []
    for batch in history:
        last = batch_before(released.product, published, batch.as_of)
        matured = _matured(settings, released.product, published, batch.as_of)
        results = judge_batch(evidence_on(released, batch, last, matured=matured))
        if all(result.is_passed for result in results):
            published.append(batch)
        yield batch, results


def batch_before(product: Product, published: Sequence[Scored], as_of: dt.datetime) -> Scored | None:
    """Return the batch to compare with, as the platform chooses it."""
    by_day = {batch.as_of: batch for batch in published}
    season = (by_day[day] for day in seasons_before(product, as_of) if day in by_day)
    return next(season, published[-1] if published else None)


def _matured(settings: Settings, product: Product, published: Sequence[Scored], as_of: dt.datetime) -> Matured | None:
    newest = as_of - dt.timedelta(hours=product.label.horizon_hours)
    known = [batch for batch in published if batch.as_of < newest]
    if not known or product.score.kind == "class":
        return None
    batch = known[-1]
    wanted = ("row_id", "as_of", "event_at", *product.entity.row_keys, *(field.name for field in product.request))
    examples = label_examples(settings, product, batch.inputs.select(list(dict.fromkeys(wanted))))
    label = np.array(examples.column("label").to_pylist(), dtype=np.float64)
    scores = ScoredRows(batch.rows).scores
    is_known = np.isfinite(label) & np.isfinite(scores)
    return Matured(batch.as_of, scores[is_known], label[is_known])
