"""Batches of made-up scores for any product, whole and sound, for tests to spoil."""

import datetime as dt

import msgspec
import numpy as np
import pyarrow as pa

from platform_assets.batch.guarding.evidence import Evidence, LastBatch, ScoredRows
from platform_assets.batch.rows import BatchIdentity, prediction_rows
from platform_assets.contract.product import Product
from platform_assets.inference.release import Release
from platform_assets.inference.score_reference import ScoreReference
from platform_assets.inference.scoring import Scored
from platform_assets.statistics.distances import Floats
from platform_assets.statistics.quantiles import evenly_ranked

AS_OF = dt.datetime(2011, 12, 10, tzinfo=dt.UTC)
ENTITIES = 2000
_INSTANT = pa.timestamp("us", tz="UTC")


def made_scores(product: Product, size: int, seed: int = 1) -> Floats:
    """Return scores as a sound model of the product would give them."""
    random, score = np.random.default_rng(seed), product.score
    if score.kind == "class":
        return random.choice(len(score.classes), size, p=_class_weights(len(score.classes))).astype(np.float64)
    if score.kind == "probability":
        return random.beta(2.0, 3.0, size)
    if score.high < 2:  # a ratio
        return random.beta(3.0, 3.0, size)
    return np.minimum(random.lognormal(5.0, 1.2, size), score.high)


def made_inputs(product: Product, size: int = ENTITIES, *, as_of: dt.datetime = AS_OF, first: int = 0) -> pa.Table:
    """Return the population: row keys and event times of entities `first`, `first + 1`, ..."""
    event_at = pa.repeat(pa.scalar(as_of, _INSTANT), size)
    keys = {
        name: event_at
        if name.endswith("_at")
        else pa.array([f"e{number}" for number in range(first, first + size)], pa.string())
        for name in product.entity.row_keys
    }
    return pa.table({**keys, "event_at": event_at})


def made_rows(
    product: Product, scores: Floats, inputs: pa.Table, *, as_of: dt.datetime = AS_OF, run_id: str = "run-1"
) -> pa.Table:
    """Return the prediction rows of these scores, by the function that makes them in a batch."""
    score = product.score
    is_valid = np.isfinite(scores) & (scores >= score.low) & (scores <= score.high)
    identity = BatchIdentity(
        as_of=as_of,
        release=_release(product),
        training_run_id="training-1",
        feature_version="f" * 16,
        input_artifact="batch_input:made",
        run_id=run_id,
        predicted_at=as_of,
    )
    return prediction_rows(product, inputs, Scored(scores, np.full(len(scores), 0.05), is_valid), identity)


def made_reference(product: Product) -> ScoreReference:
    """Return the training reference of such scores."""
    scores = made_scores(product, 20_000, seed=99)
    mean = float(scores.mean())
    return ScoreReference(
        rows=20_000,
        scores=tuple(evenly_ranked(scores, 512).tolist()),
        base_rate=mean,
        base_rate_low=mean * 0.95,
        base_rate_high=mean * 1.05,
    )


def next_scores(product: Product, scores: Floats, seed: int = 2) -> Floats:
    """Return the scores of the same entities one batch later: most moved a little."""
    random, score = np.random.default_rng(seed), product.score
    if score.kind == "class":
        moved = random.random(len(scores)) < 0.03
        return np.where(moved, made_scores(product, len(scores), seed), scores)
    return np.clip(scores * (1.0 + random.normal(0.0, 0.02, len(scores))), score.low, score.high)


def sound_evidence(
    product: Product, *, size: int = ENTITIES, has_last: bool = True, has_reference: bool = True
) -> Evidence:
    """Return the evidence on a sound batch of a product, with a sound one of the day or the season before it."""
    before = made_scores(product, size)
    earlier = AS_OF - dt.timedelta(days=product.guardrails.season_days or 1)
    last = made_rows(product, before, made_inputs(product, size, as_of=earlier), as_of=earlier)
    inputs = made_inputs(product, size)
    return Evidence(
        product=product,
        as_of=AS_OF,
        model_version=1,
        release_id=_release(product).release_id,
        table=made_rows(product, next_scores(product, before), inputs),
        population=inputs,
        last=LastBatch(earlier, 1, ScoredRows(last)) if has_last else None,
        reference=made_reference(product) if has_reference else None,
    )


def every_guardrail_on(product: Product) -> Product:
    """Return the product with nothing switched off and the default levels."""
    guardrails = msgspec.structs.replace(
        product.guardrails, limits=(), off=(), max_row_change_ratio=0.5, min_rows=50, season_days=None
    )
    return msgspec.structs.replace(product, guardrails=guardrails)


def _class_weights(classes: int) -> Floats:
    weights = np.arange(classes, 0, -1, dtype=np.float64)
    shares: Floats = weights / weights.sum()
    return shares


def _release(product: Product) -> Release:
    return Release(
        release_id="a" * 16,
        product=product.name,
        model_version=1,
        bundle_path="bundles/1",
        bundle_digest="b" * 64,
        contract_version=1,
        feature_service="made",
        fallbacks=(),
        default_score=None,
        created_at=AS_OF,
        reason="made up",
    )
