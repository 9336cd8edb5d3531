"""The catalogue of poisoned batches: what is wrong, and the guardrail that must refuse it or why none does."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from platform_assets.batch.guarding.evidence import Evidence
from platform_assets.contract.guardrails import GuardrailName
from platform_assets.contract.score import ScoreKind
from tests.unit.batch import poison_rows as rows
from tests.unit.batch import poison_scores as scores

NUMBERS: frozenset[ScoreKind] = frozenset({"probability", "estimate"})
CLASSES: frozenset[ScoreKind] = frozenset({"class"})
LABELLED: frozenset[ScoreKind] = frozenset({"probability", "class"})
ALL: frozenset[ScoreKind] = NUMBERS | CLASSES
Poisoning = Callable[[Evidence], Evidence]


@dataclass(frozen=True)
class Poison:
    """One way to spoil a sound batch. `guardrail` must refuse it; a known `miss` says why none has to."""

    name: str
    poison: Poisoning
    guardrail: GuardrailName | None
    kinds: frozenset[ScoreKind] = ALL
    miss: str = ""


def _scores(name: str, guardrail: GuardrailName | None, spoil: scores.Spoil, *, miss: str = "") -> Poison:
    """Return a poison of scores that are numbers."""

    def poison(evidence: Evidence) -> Evidence:
        return replace(evidence, table=scores.spoiled(evidence, spoil))

    return Poison(name, poison, guardrail, NUMBERS, miss)


def _classes(name: str, guardrail: GuardrailName, spoil: scores.Spoil) -> Poison:
    return replace(_scores(name, guardrail, spoil), kinds=CLASSES)


def _rows(name: str, guardrail: GuardrailName | None, spoil: rows.Rows, *, miss: str = "") -> Poison:
    """Return a poison of what lies in the file."""
    return Poison(name, lambda evidence: replace(evidence, table=spoil(evidence)), guardrail, ALL, miss)


_NONE = float("nan")
_INFINITE = float("inf")

SCORE_POISONS = (
    _scores("every score higher by half the spread", "quantiles_from_last", scores.moved(0.5)),
    _scores("every score lower by half the spread", "quantiles_from_last", scores.moved(-0.5)),
    _scores("every score higher by a fifth of the spread", "psi_from_last", scores.moved(0.2)),
    _scores("every score higher by a fiftieth of the spread", None, scores.moved(0.02), miss="no larger than chance"),
    _scores("every score halved", "quantiles_from_last", scores.scaled(0.5)),
    _scores("every score doubled", "quantiles_from_last", scores.scaled(2.0)),
    _scores("every score a tenth of itself", "ks_from_training", scores.scaled(0.1)),
    _scores("every score a hundredth of itself: a ratio for a percentage", "ks_from_training", scores.scaled(0.01)),
    _scores("every score a million times itself", "value_range", scores.scaled(1e6, is_kept_inside=False)),
    _scores("every score with its sign flipped", "value_range", scores.scaled(-1.0, is_kept_inside=False)),
    _scores("every score mirrored: the other class", "score_jumps", scores.complement),
    _scores("every score the mean", "same_score", scores.everywhere(lambda sound: float(sound.scores.mean()))),
    _scores("every score the lowest possible", "same_score", scores.everywhere(lambda sound: sound.low)),
    _scores("every score the highest possible", "same_score", scores.everywhere(lambda sound: sound.high)),
    _scores(
        "half of the scores a default", "ks_from_last", scores.somewhere(0.5, lambda sound: float(sound.scores.min()))
    ),
    _scores("a segment of a third with the lowest score", "ks_from_last", scores.among(1 / 3, lambda sound: sound.low)),
    _scores(
        "a segment of a third moved by a whole spread",
        "score_jumps",
        scores.among(1 / 3, lambda sound: sound.inside(sound.scores + sound.spread)),
    ),
    _scores(
        "a hundredth of the scores with the lowest score",
        None,
        scores.somewhere(0.01, lambda sound: sound.low),
        miss="as few rows as really change from batch to batch",
    ),
    _scores("no score", "null_ratio", scores.everywhere(lambda _: _NONE)),
    _scores("a hundredth without a score", "null_ratio", scores.somewhere(0.01, lambda _: _NONE)),
    _scores("a segment of a fifth without a score", "null_ratio", scores.among(0.2, lambda _: _NONE)),
    _scores("one score without end", "value_range", scores.somewhere(0.0, lambda _: _INFINITE)),
    _scores("one score without end, below", "value_range", scores.somewhere(0.0, lambda _: -_INFINITE)),
    _scores("one score above the range", "value_range", scores.somewhere(0.0, lambda sound: sound.high + 1e-9 + 1.0)),
    _scores("one score below the range", "value_range", scores.somewhere(0.0, lambda sound: sound.low - 1e-9)),
    _scores("every score given to another row", "score_jumps", scores.shuffled),
    _scores("every score given to the next row", "score_jumps", lambda sound: np.roll(sound.scores, 1)),
    _scores("the scores in reverse order", "score_jumps", lambda sound: sound.scores[::-1].copy()),
    _scores("random scores", "score_jumps", scores.uniform),
    _scores("ranks for scores", "quantiles_from_last", scores.ranked),
    _scores("noise as large as the spread", "score_jumps", scores.noisy(1.0)),
    _scores(
        "noise of a twentieth of the spread", None, scores.noisy(0.05), miss="moves nobody far and no distribution"
    ),
    _scores("scores drawn to the mean by three quarters", "quantiles_from_last", scores.stretched(0.25)),
    replace(
        _scores(
            "probabilities driven half as far again from the mean",
            None,
            scores.stretched(1.5),
            miss="below the levels: it may warn",
        ),
        kinds=frozenset({"probability"}),
    ),
    replace(
        _scores("estimates driven half as far again from the mean", "psi_from_last", scores.stretched(1.5)),
        kinds=frozenset({"estimate"}),
    ),
    _scores("scores driven twice as far from the mean", "quantiles_from_last", scores.stretched(2.0)),
    _scores("scores kept between the quartiles", "psi_from_last", scores.clipped(0.25, 0.75)),
    _scores("scores kept below the last twentieth", None, scores.clipped(0.0, 0.95), miss="only the tail is gone"),
    _scores("two scores only", "fewer_scores", scores.binarised),
    _scores("scores rounded to a tenth of the spread", "fewer_scores", scores.quantised(10)),
    _scores("scores rounded to a hundredth of the spread", "fewer_scores", scores.quantised(100)),
    _scores(
        "scores in single precision",
        None,
        lambda sound: sound.scores.astype(np.float32).astype(np.float64),
        miss="differs in the eighth digit; replay compares bits",
    ),
    _scores("the scores of the last batch: features stood still", "unmoved_scores", scores.as_last_time),
    _classes("every class the next one", "score_jumps", scores.next_class),
    _classes("the two commonest classes swapped", "score_jumps", scores.two_classes_swapped),
    _classes("every class the first one", "same_score", scores.everywhere(lambda _: 0.0)),
    _classes("the second commonest class lost", "psi_from_last", scores.one_class_lost),
    _classes(
        "classes drawn at random",
        "psi_from_last",
        lambda s: s.random.integers(0, int(s.high) + 1, len(s.scores)).astype(np.float64),
    ),
    _classes("one class between two", "value_range", scores.somewhere(0.0, lambda _: 0.5)),
    _classes("one class beyond the last", "value_range", scores.somewhere(0.0, lambda sound: sound.high + 1.0)),
)

ROW_POISONS = (
    _rows("every row twice", "unique_rows", rows.repeated()),
    _rows("one row twice", "unique_rows", rows.repeated(1)),
    _rows("no row", "coverage", rows.first_rows(0.0)),
    _rows("the second half of the rows missing", "coverage", rows.first_rows(0.5)),
    _rows("the last twentieth of the rows missing", "coverage", rows.first_rows(0.95)),
    _rows("the rows of the highest tenth missing", "coverage", rows.without_highest(0.1)),
    _rows("ten rows of strangers", "foreign_rows", rows.with_strangers(10)),
    _rows("every row under another entity", "foreign_rows", rows.all_renamed),
    _rows("keys that end in .0", "foreign_rows", rows.edited("row_key", lambda keys: [f"{key}.0" for key in keys])),
    _rows("keys of the neighbours", "identity", rows.edited("row_key", lambda keys: [*keys[1:], keys[0]])),
    _rows("entities of the neighbours", "identity", rows.edited("entity_id", lambda keys: [*keys[1:], keys[0]])),
    _rows("one row without a key", "identity", rows.edited("row_key", lambda keys: [None, *keys[1:]])),
    _rows("the batch of the day before", "identity", rows.of_the_day_before),
    _rows("a prediction date that is not the as-of's", "identity", rows.edited("prediction_date", rows.a_day_later)),
    _rows("rows of another product", "identity", rows.edited("product", lambda names: ["other"] * len(names))),
    _rows("rows of another model version", "identity", rows.edited("model_version", lambda found: [9] * len(found))),
    _rows("half of the rows of another release", "identity", rows.edited("release_id", rows.half_of("c" * 16))),
    _rows("events after the as-of", "identity", rows.edited("event_at", rows.a_day_later)),
    replace(
        _rows("labels of the neighbours", "identity", rows.edited("label", lambda labels: [*labels[1:], labels[0]])),
        kinds=LABELLED,
    ),
    _rows("one prediction id for all rows", "identity", rows.edited("prediction_id", lambda ids: ids[:1] * len(ids))),
    replace(_rows("the uncertainty for a score", "ks_from_last", rows.copied("score", "uncertainty")), kinds=NUMBERS),
    _rows("the model version for a score", "same_score", rows.copied("score", "model_version")),
    _rows("scores as text", "schema", rows.cast("score", pa.string())),
    _rows("scores in single precision by type", "schema", rows.cast("score", pa.float32())),
    _rows("no column of scores", "schema", rows.without_column("score")),
    _rows("no column of a key", "schema", lambda e: rows.rows_of(e).drop_columns([e.product.entity.row_keys[0]])),
    _rows("instants without a time zone", "schema", rows.cast("as_of", pa.timestamp("us"))),
    _rows(
        "event times five hours early",
        None,
        rows.edited("event_at", rows.five_hours_early),
        miss="still before the as-of",
    ),
    _rows("no uncertainty", None, rows.edited("uncertainty", lambda found: [None] * len(found)), miss="it is optional"),
    Poison("a population without a third of its entities", rows.population_part(2 / 3), "lost_entities"),
    Poison("a population of half of its entities", rows.population_part(0.5), "lost_entities"),
    Poison("a population with as many strangers again", rows.population_joined_by(1.0), "new_entities"),
    Poison("a population with half as many strangers", rows.population_joined_by(0.5), "new_entities"),
    Poison("a population with thirty times as many strangers", rows.population_joined_by(30.0), "row_count_change"),
    Poison("a population of other names", rows.population_renamed, "new_entities"),
    Poison("an empty population", rows.population_part(0.0), "row_count"),
    Poison(
        "a population without a fiftieth of its entities",
        rows.population_part(0.98),
        None,
        miss="as many leave in a month",
    ),
)
POISONS = (*SCORE_POISONS, *ROW_POISONS)


def poisons_of(kind: ScoreKind) -> list[Poison]:
    """Return the poisons that a batch of such scores can be given."""
    return [poison for poison in POISONS if kind in poison.kinds]
