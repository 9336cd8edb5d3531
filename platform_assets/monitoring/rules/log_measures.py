"""Measures that follow from the drained prediction log, beside what the release in force was trained on."""

# ruff: noqa: PLC0415 - pyarrow costs half a second; a watch that finds nothing to read does not pay it

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from platform_assets.contract.alert_rules import AlertRule
from platform_assets.contract.product import Product
from platform_assets.inference.release import Release
from platform_assets.inference.score_reference import read_reference
from platform_assets.lakehouse.read import read_table
from platform_assets.lakehouse.table import table_exists
from platform_assets.ledger.database import Ledger
from platform_assets.monitoring.drift.training import training_file
from platform_assets.monitoring.rules.finding import Measured
from platform_assets.settings import Settings
from platform_assets.statistics.chance import ks_by_chance
from platform_assets.statistics.distances import Floats, ks_distance
from platform_assets.statistics.moments import Moments, mean_sigmas, moments_of, spread_times


@dataclass(frozen=True, slots=True)
class Logged:
    """The newest answers of one release that its model gave: scores, and stored features by row (NaN: missing)."""

    scores: Floats
    features: Floats


def read_logged(settings: Settings, product: Product, release: Release, *, days: int, at: dt.datetime) -> Logged:
    """Return what a release answered within so many days; nothing where nothing was drained yet."""
    columns, width = ["score", "features"], len(product.stored_columns)
    none = Logged(np.empty(0), np.empty((0, width)))
    if not table_exists(settings.prediction_log_dir):
        return none
    since = at - dt.timedelta(days=days)
    filters = [
        ("product", "=", product.name),
        ("predicted_date", ">=", since.date()),
        ("predicted_at", ">=", since),
        ("release_id", "=", release.release_id),
        ("fallback", "=", "none"),
    ]
    rows = read_table(settings.prediction_log_dir, columns=columns, filters=filters)
    scores = np.array([score for score in rows.column("score").to_pylist() if score is not None], dtype=np.float64)
    stored = [row for row in rows.column("features").to_pylist() if len(row) == width and width]
    return Logged(scores[np.isfinite(scores)], np.array(stored, dtype=np.float64) if stored else none.features)


def score_shift(settings: Settings, release: Release, rule: AlertRule, logged: Logged) -> Measured:
    """Return the largest difference of the distributions of scores given and of training, less what chance explains."""
    reference = read_reference(settings.home / release.bundle_path)
    if reference is None:
        return Measured(told="the release was made without the scores of its training data")
    count = len(logged.scores)
    if count < rule.minimum:
        return Measured(told=f"{count} logged scores of the release, at least {rule.minimum} are needed")
    trained = np.array(reference.scores)
    chance = ks_by_chance(count, reference.rows)
    distance = ks_distance(trained, logged.scores)
    told = f"the distributions of {count} scores and of training differ by {distance:.3f}, {chance:.3f} by chance"
    means = {"mean": float(logged.scores.mean()), "training_mean": float(trained.mean())}
    return Measured(told=told, value=max(distance - chance, 0.0), facts={**means, "base_rate": reference.base_rate})


def feature_shift(
    settings: Settings, ledger: Ledger, product: Product, release: Release, rule: AlertRule, logged: Logged
) -> Measured:
    """Return the farthest mean of a logged feature from that of the training set, in its standard deviations there.

    Instants drift by nature and are left out, as is a feature that never varied.
    """
    found = _compared(settings, ledger, product, release, rule, logged, mean_sigmas)
    return found if isinstance(found, Measured) else _farthest(found, logged, "the mean of {} lies {:.2f} {}", rule)


def feature_spread(
    settings: Settings, ledger: Ledger, product: Product, release: Release, rule: AlertRule, logged: Logged
) -> Measured:
    """Return the largest factor by which a feature's standard deviation grew or shrank since training, beyond chance.

    What `feature_shift` leaves out is left out here too, and a feature that is constant now.
    """
    found = _compared(settings, ledger, product, release, rule, logged, _finite_spread)
    return (
        found
        if isinstance(found, Measured)
        else _farthest(found, logged, "the spread of {} is another: {:.2f} {}", rule)
    )


def _farthest(found: Mapping[str, float], logged: Logged, words: str, rule: AlertRule) -> Measured:
    name = max(found, key=lambda each: found[each])
    told = f"{words.format(name, found[name], rule.unit)} from training, over {len(logged.features)} rows"
    worst = dict(sorted(found.items(), key=lambda pair: -pair[1])[:5])
    return Measured(told=told, value=found[name], facts={"feature": name, "farthest": worst})


def _compared(
    settings: Settings,
    ledger: Ledger,
    product: Product,
    release: Release,
    rule: AlertRule,
    logged: Logged,
    measure: Callable[[Moments, Moments], float],
) -> dict[str, float] | Measured:
    """Return the measure per feature that has numbers and a spread, or why there is none."""
    path = training_file(settings, ledger, release)
    if path is None:
        return Measured(told="the training set of the release is not there any more")
    count = len(logged.features)
    if count < rule.minimum:
        return Measured(told=f"{count} logged rows with stored features, at least {rule.minimum} are needed")
    trained = _moments(path)
    found = {}
    for position, name in enumerate(product.stored_columns):
        values = logged.features[:, position]
        values = values[np.isfinite(values)]
        if name in trained and trained[name].deviation > 0.0 and len(values) >= rule.minimum:
            found[name] = measure(trained[name], moments_of(values))
    return found or Measured(told="no stored feature has numbers and a spread to compare")


def _finite_spread(trained: Moments, logged: Moments) -> float:
    return spread_times(trained, logged) if logged.deviation > 0.0 else 1.0


@lru_cache(maxsize=32)
def _moments(path: Path) -> dict[str, Moments]:
    """Read a training set once: its file is named by its content and never changes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    found: dict[str, Moments] = {}
    for field in table.schema:
        if pa.types.is_integer(field.type) or pa.types.is_floating(field.type):
            values = np.asarray(table.column(field.name).to_numpy(), dtype=np.float64)
            values = values[np.isfinite(values)]
            if values.size:
                found[field.name] = moments_of(values)
    return found
