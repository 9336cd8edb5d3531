"""Ways in which the scores of a batch go wrong before anything is written: labels and flags follow the wrong score."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from platform_assets.batch.guarding.evidence import Evidence, Rows
from platform_assets.batch.guarding.keys import key_columns
from platform_assets.contract.product import Product
from platform_assets.inference.scoring import label_of
from platform_assets.statistics.distances import Floats
from platform_assets.statistics.quantiles import spread


@dataclass(frozen=True)
class Sound:
    """The scores to spoil; `last` holds the last score of the same entity, NaN where it had none."""

    scores: Floats
    last: Floats
    low: float
    high: float
    random: np.random.Generator

    @property
    def spread(self) -> float:
        return spread(self.scores) or 1.0

    def inside(self, scores: Floats) -> Floats:
        return np.clip(scores, self.low, self.high)

    def some(self, share: float) -> np.ndarray:
        """Return a mask of about that share of the rows, at least one."""
        mask = self.random.random(len(self.scores)) < share
        mask[0] = True
        return mask


Spoil = Callable[[Sound], Floats]


def spoiled(evidence: Evidence, spoil: Spoil) -> pa.Table:
    """Return the rows with spoiled scores, as if the model had given them."""
    product, rows = evidence.product, evidence.rows
    known: dict[str, float] = {}
    if evidence.last:
        of_last = subjects(product, evidence.last.rows.rows, evidence.last.as_of)
        known = dict(zip(of_last, evidence.last.rows.scores.tolist(), strict=True))
    last = np.array([known.get(one, np.nan) for one in subjects(product, evidence.table, evidence.as_of)])
    sound = Sound(rows.scores, last, product.score.low, product.score.high, np.random.default_rng(5))
    return with_scores(evidence, spoil(sound))


def subjects(product: Product, rows: Rows, as_of: dt.datetime) -> list[str]:
    """Return what each row speaks of: slots at the same distance from their as-ofs are the same."""
    keyed = key_columns(product, rows, as_of)
    return [subject for part in keyed for subject in part.column("subject").to_pylist()]


def with_scores(evidence: Evidence, scores: Floats) -> pa.Table:
    """Return the rows with other scores, labels and validity following from them."""
    product, table = evidence.product, evidence.table
    assert isinstance(table, pa.Table)
    labels = [label_of(product, value) for value in scores.tolist()]
    inside = np.isfinite(scores) & (scores >= product.score.low) & (scores <= product.score.high)
    made = {
        "score": pa.array(scores, pa.float64(), mask=np.isnan(scores)),
        "label": pa.array(labels, pa.string()),
        "is_valid": pa.array(inside),
    }
    for name, column in made.items():
        table = table.set_column(table.column_names.index(name), name, column)
    return table


def everywhere(value: Callable[[Sound], float]) -> Spoil:
    """Give every row the same score."""
    return lambda sound: np.full(len(sound.scores), value(sound))


def somewhere(share: float, value: Callable[[Sound], Floats | float]) -> Spoil:
    """Give a share of the rows, at random, another score."""
    return lambda sound: np.where(sound.some(share), value(sound), sound.scores)


def among(share: float, value: Callable[[Sound], Floats | float]) -> Spoil:
    """Give the first rows, a segment of neighbouring keys, another score."""
    return lambda sound: np.where(np.arange(len(sound.scores)) < share * len(sound.scores), value(sound), sound.scores)


def moved(by: float) -> Spoil:
    """Move every score by a part of the spread, kept inside the range."""
    return lambda sound: sound.inside(sound.scores + by * sound.spread)


def scaled(by: float, *, is_kept_inside: bool = True) -> Spoil:
    """Multiply every score."""
    return lambda sound: sound.inside(sound.scores * by) if is_kept_inside else sound.scores * by


def stretched(by: float) -> Spoil:
    """Move every score away from the mean or towards it."""
    return lambda sound: sound.inside(sound.scores.mean() + by * (sound.scores - sound.scores.mean()))


def noisy(size: float) -> Spoil:
    """Add noise of a part of the spread."""
    return lambda sound: sound.inside(sound.scores + sound.random.normal(0.0, size * sound.spread, len(sound.scores)))


def shuffled(sound: Sound) -> Floats:
    """Give every score to another row."""
    return sound.random.permutation(sound.scores)


def clipped(low: float, high: float) -> Spoil:
    """Keep every score between two quantiles."""
    return lambda sound: np.clip(sound.scores, *np.quantile(sound.scores, (low, high)))


def quantised(steps: int) -> Spoil:
    """Round every score to a part of the spread."""
    return lambda sound: sound.inside(np.round(sound.scores / sound.spread * steps) / steps * sound.spread)


def binarised(sound: Sound) -> Floats:
    """Give every row one of two scores."""
    low, middle, high = (float(found) for found in np.quantile(sound.scores, (0.1, 0.5, 0.9)))
    return np.where(sound.scores >= middle, high, low)


def ranked(sound: Sound) -> Floats:
    """Give every row its rank instead of its score, over the whole range of scores."""
    ranks: Floats = np.argsort(np.argsort(sound.scores)) / max(len(sound.scores) - 1, 1)
    return ranks * float(np.ptp(sound.scores)) + float(sound.scores.min())


def uniform(sound: Sound) -> Floats:
    """Give every row a random score between the smallest and the largest."""
    return sound.random.uniform(sound.scores.min(), sound.scores.max(), len(sound.scores))


def complement(sound: Sound) -> Floats:
    """Mirror every score in its range: the probability of the other class."""
    mirrored: Floats = float(sound.scores.max() + sound.scores.min()) - sound.scores
    return mirrored


def as_last_time(sound: Sound) -> Floats:
    """Give every row the score of its entity in the last batch: features that stood still."""
    return np.where(np.isfinite(sound.last), sound.last, sound.scores)


def next_class(sound: Sound) -> Floats:
    """Give every row the class after its own."""
    shifted: Floats = np.mod(sound.scores + 1.0, sound.high + 1.0)
    return shifted


def two_classes_swapped(sound: Sound) -> Floats:
    """Swap the two commonest classes."""
    values, counts = np.unique(sound.scores, return_counts=True)
    first, second = values[np.argsort(counts)[-2:]]
    return np.select([sound.scores == first, sound.scores == second], [second, first], sound.scores)


def one_class_lost(sound: Sound) -> Floats:
    """Give the rows of the second commonest class the commonest."""
    values, counts = np.unique(sound.scores, return_counts=True)
    second, first = values[np.argsort(counts)[-2:]]
    return np.where(sound.scores == second, first, sound.scores)
