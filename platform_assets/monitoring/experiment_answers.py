"""What variants did, gathered from the prediction log: sums per variant, and the first answer of each unit."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from platform_assets.contract.prediction_log import MODEL_FAILURES
from platform_assets.contract.product import Product
from platform_assets.experiments.histogram import score_scale
from platform_assets.experiments.summary import Tally
from platform_assets.lakehouse.read import read_table
from platform_assets.lakehouse.table import arrow_schema, open_table, table_exists
from platform_assets.rollouts.experiments_course import ExperimentRecord
from platform_assets.settings import Settings

_COLUMNS = (
    "prediction_id",
    "request_id",
    "entity_id",
    "row_keys",
    "request",
    "event_at",
    "predicted_at",
    "score",
    "label",
    "fallback",
    "reason",
    "latency_ms",
    "variant",
    "chosen",
    "unit",
)


@dataclass(frozen=True, slots=True)
class Compared:
    """Whose answers are compared: the id of an experiment or a rollout, its variants, and from when on.

    `since` is None for what has not begun: it has no answers.
    """

    id: str
    variants: tuple[str, ...]
    since: dt.datetime | None


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """The first answer of a unit: what its outcome is joined to. `row_keys` and `request` are JSON text."""

    predicted_at: dt.datetime
    prediction_id: str
    variant: str
    event_at: dt.datetime
    row_keys: str
    request: str
    label: str | None

    @property
    def place(self) -> tuple[dt.datetime, str]:
        """Where it stands among all answers; no two are at the same place."""
        return self.predicted_at, self.prediction_id


@dataclass(slots=True)
class _Call:
    """The rows of one call that one variant answered; they succeed and fail together, so they are one answer."""

    latency_ms: float
    is_failed: bool


@dataclass(slots=True)
class Gathered:
    """Sums per variant, the first answer per unit, and how many answers were chosen by hand and are in neither."""

    tallies: dict[str, Tally]
    first: dict[tuple[str, str], FirstAnswer] = field(default_factory=dict)
    overridden: int = 0

    def units(self, variants: tuple[str, ...]) -> tuple[int, ...]:
        """Return how many units each variant got, counted where they were first seen."""
        firsts = [answer.variant for answer in self.first.values()]
        return tuple(firsts.count(name) for name in variants)

    def in_order(self) -> list[FirstAnswer]:
        """Return the first answers in the order in which they were given, the same for every layout of the log."""
        return sorted(self.first.values(), key=lambda answer: answer.place)


def compared_in(record: ExperimentRecord) -> Compared:
    """Return whose answers an experiment compares."""
    names = tuple(variant.name for variant in record.experiment.variants)
    return Compared(record.experiment.id, names, record.started_at)


def gather_answers(settings: Settings, product: Product, compared: Compared) -> Gathered:
    """Return what is in the lake of an experiment or a rollout; nothing where nothing was logged yet.

    A row that was chosen by a header was chosen for a reason: it is counted as such and nowhere else.
    """
    scale = score_scale(product.score)
    gathered = Gathered({name: Tally(scale) for name in compared.variants})
    calls: dict[tuple[str, str, dt.datetime], _Call] = {}
    for row in _rows(settings, product, compared):
        if row["chosen"] == "override" or row["variant"] not in gathered.tallies:
            gathered.overridden += 1
            continue
        _add(calls, row)
        if row["score"] is not None and row["fallback"] == "none":
            gathered.tallies[row["variant"]].count_score(row["score"])
        _remember(gathered.first, row)
    for (variant, *_), call in calls.items():
        gathered.tallies[variant].count_answer(call.latency_ms, failed=call.is_failed)
    return gathered


def _rows(settings: Settings, product: Product, compared: Compared) -> Iterator[dict[str, Any]]:
    if compared.since is None:
        return
    filters = [
        ("product", "=", product.name),
        ("predicted_date", ">=", compared.since.date()),
        ("predicted_at", ">=", compared.since),
        ("experiment_id", "=", compared.id),
    ]
    if not _knows_experiments(settings):
        return
    table = read_table(settings.prediction_log_dir, columns=_COLUMNS, filters=filters)
    for batch in table.to_batches(max_chunksize=10_000):
        yield from batch.to_pylist()


def _knows_experiments(settings: Settings) -> bool:
    """Tell whether anything was drained since answers name their experiment."""
    log = settings.prediction_log_dir
    return table_exists(log) and set(_COLUMNS) <= set(arrow_schema(open_table(log)).names)


def _add(calls: dict[tuple[str, str, dt.datetime], _Call], row: dict[str, Any]) -> None:
    # With the instant: a caller may send the same request id again and again.
    key = row["variant"], row["request_id"], row["predicted_at"]
    call = calls.setdefault(key, _Call(row["latency_ms"], is_failed=False))
    call.is_failed = call.is_failed or row["reason"] in MODEL_FAILURES
    call.latency_ms = max(call.latency_ms, row["latency_ms"])


def _remember(first: dict[tuple[str, str], FirstAnswer], row: dict[str, Any]) -> None:
    unit = _unit(row)
    known = first.get(unit)
    if known is not None and known.place <= (row["predicted_at"], row["prediction_id"]):
        return
    first[unit] = FirstAnswer(
        predicted_at=row["predicted_at"],
        prediction_id=row["prediction_id"],
        variant=row["variant"],
        event_at=row["event_at"],
        row_keys=row["row_keys"],
        request=row["request"],
        label=row["label"],
    )


def _unit(row: dict[str, Any]) -> tuple[str, str]:
    """Return what the variant was drawn for: the request, the user, or the entity where no user is known."""
    if row["chosen"] == "request":
        return "request", row["request_id"]
    return ("entity", row["entity_id"]) if row["unit"] is None else ("user", row["unit"])
