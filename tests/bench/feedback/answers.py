"""Everybody of the population asked once per instant: the inputs of all of them, the scores of a bundle, the log."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from platform_assets.contract.product import Product
from platform_assets.features.frames import to_frame
from platform_assets.features.point_in_time import join_features
from platform_assets.features.population import label_examples, run_population
from platform_assets.inference.bundle import Bundle, load_bundle
from platform_assets.inference.live_pointer import read_live
from platform_assets.inference.release import Release, read_release
from platform_assets.inference.scoring import score
from platform_assets.lakehouse.publish import append_once
from platform_assets.monitoring.log_rows import PARTITIONS, log_rows
from platform_assets.settings import Settings
from tests.unit.serving.test_prediction_log import ENTRY

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """Everybody of one instant: what is known of them then, and what came true by the end of the data (NaN: open)."""

    at: dt.datetime
    inputs: pa.Table
    truth: Floats


@dataclass(frozen=True)
class InForce:
    """The release in force and its bundle."""

    release: Release
    bundle: Bundle


def everybody(
    settings: Settings, product: Product, instants: Sequence[dt.datetime], *, known_until: dt.datetime
) -> list[Asked]:
    """Return the population of each instant, with the truth that is known at the end of the data."""
    population = run_population(settings, product, product.batch.population, instants)
    inputs = join_features(settings, product, population)
    label = label_examples(settings, product, population).column("label").to_numpy().astype(np.float64)
    latest = np.datetime64((known_until - dt.timedelta(hours=product.label.horizon_hours)).replace(tzinfo=None))
    truth = np.where(population.column("event_at").to_numpy() <= latest, label, np.nan)
    rows = [pc.equal(inputs["as_of"], pa.scalar(at, inputs["as_of"].type)) for at in instants]
    return [
        Asked(at, inputs.filter(mask), truth[mask.to_numpy(zero_copy_only=False)])
        for at, mask in zip(instants, (each.combine_chunks() for each in rows), strict=True)
    ]


def in_force(settings: Settings, product: str) -> InForce:
    """Return the release in force."""
    live = read_live(settings.releases_dir, product)
    assert live is not None
    release = read_release(settings.releases_dir, product, live.release_id)
    return InForce(release, load_bundle(settings.home / release.bundle_path))


def scores_of(bundle: Bundle, product: Product, asked: Asked) -> Floats:
    """Return the scores of everybody of an instant, NaN where there is none."""
    scored = score(bundle, to_frame(product, asked.inputs))
    return np.where(scored.is_valid, scored.score, np.nan)


def log_answers(settings: Settings, product: Product, asked: Asked, answering: InForce, number: int) -> Floats:
    """Write the answers of an instant to the prediction log as the endpoint tells them; return the scores."""
    scores = scores_of(answering.bundle, product, asked)
    frame = to_frame(product, asked.inputs)
    features = np.column_stack([frame[name].astype(np.float64) for name in product.stored_columns]).tolist()
    entities = asked.inputs.column(product.entity.row_keys[0]).to_pylist()
    threshold = product.score.threshold
    assert threshold is not None
    entries = [
        msgspec.structs.replace(
            ENTRY,
            prediction_id=f"{product.name}-{asked.at:%Y%m%d}-o-{entity}",
            request_id=f"{asked.at:%Y%m%d}-{entity}",
            product=product.name,
            entity_id=entity,
            row_keys={product.entity.row_keys[0]: entity},
            event_at=asked.at,
            as_of=asked.at,
            predicted_at=asked.at,
            score=None if np.isnan(value) else value,
            label=threshold.at_or_above if value >= threshold.value else threshold.below,
            confidence=max(value, 1 - value),
            release_id=answering.release.release_id,
            model_version=answering.release.model_version,
            feature_version=answering.bundle.manifest.feature_version,
            bundle_digest=answering.bundle.digest,
            features=row,
            request={},
        )
        for entity, value, row in zip(entities, scores.tolist(), features, strict=True)
    ]
    append_once(
        settings.prediction_log_dir,
        log_rows(entries),
        app_id="feedback",
        version=number,
        partition_by=PARTITIONS,
        metadata={},
        fsync=False,
    )
    return scores
