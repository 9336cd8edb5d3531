"""What came of a walk, as tables: outcome metrics by month beside those of the first model, and every request."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from platform_assets.contract.evaluation import Metric
from platform_assets.contract.product import Product
from platform_assets.inference.bundle import Bundle
from platform_assets.training.metrics import prepare_metric
from tests.bench.feedback.answers import Asked, Floats, scores_of
from tests.bench.feedback.walk import Answered, Walked


@dataclass(frozen=True)
class Month:
    """All predictions of one month whose outcome is known at the end of the data, by both models."""

    name: str
    versions: tuple[int, ...]
    truth: Floats
    never: Floats
    asked: Floats


def months_of(product: Product, first: Bundle, everybody: Sequence[Asked], answered: Sequence[Answered]) -> list[Month]:
    """Return the months that have outcomes, with the scores of the first model and of the one then in force."""
    found: dict[str, list[tuple[Asked, Answered]]] = {}
    for asked, given in zip(everybody, answered, strict=True):
        found.setdefault(f"{asked.at:%Y-%m}", []).append((asked, given))
    months = []
    for name, pairs in found.items():
        truth = np.concatenate([asked.truth for asked, _ in pairs])
        never = np.concatenate([scores_of(first, product, asked) for asked, _ in pairs])
        scores = np.concatenate([given.scores for _, given in pairs])
        known = np.isfinite(truth) & np.isfinite(never) & np.isfinite(scores)
        if known.any():
            versions = tuple(dict.fromkeys(given.model_version for _, given in pairs))
            months.append(Month(name, versions, truth[known], never[known], scores[known]))
    return months


def outcome_table(months: Sequence[Month]) -> str:
    """Return one row per month and one for all months: AUC, Brier score and mean score less rate, of both."""
    head = (
        "| month | predictions | churned | model then in force | AUC never | AUC on request | Brier never "
        "| Brier on request | gap never | gap on request |\n|---|---|---|---|---|---|---|---|---|---|\n"
    )
    return head + "\n".join(_row(month) for month in [*months, _all(months)])


def request_table(walked: Walked) -> str:
    """Return one row per request: when, why, up to which cut-off, and what its gates said."""
    if not walked.requests:
        return "No rule asked for a new model."
    head = "| request | asked | by | value | cut-off | new labels | outcome |\n|---|---|---|---|---|---|---|\n"
    rows = [
        f"| {one.request_id} | {one.requested_at:%Y-%m-%d} | {one.evidence['promise']} | {one.evidence['value']:.3f} "
        f"| {one.cutoff} | {one.evidence['new_labels']:,} | {one.state}: {_outcome(one.steps[-1].facts)} |"
        for one in walked.requests
    ]
    return head + "\n".join(rows)


def _outcome(facts: dict[str, object]) -> str:
    failed = facts.get("gates")
    if isinstance(failed, list):
        return "; ".join(
            str(gate).split(", interval")[0] + (")" if ", interval" in str(gate) else "") for gate in failed
        )
    return "every gate holds" if "release_id" in facts else "-"


def _row(month: Month) -> str:
    versions = ", ".join(map(str, month.versions))
    told = [
        f"{_value(metric, month, scores):.4f}" for metric in ("auc", "brier") for scores in (month.never, month.asked)
    ]
    gaps = [f"{scores.mean() - month.truth.mean():+.3f}" for scores in (month.never, month.asked)]
    cells = [month.name, f"{len(month.truth):,}", f"{month.truth.mean():.3f}", versions, *told, *gaps]
    return f"| {' | '.join(cells)} |"


def _value(metric: Metric, month: Month, scores: Floats) -> float:
    return prepare_metric(metric, month.truth, scores)(np.ones(len(scores)))


def _all(months: Sequence[Month]) -> Month:
    versions = tuple(dict.fromkeys(version for month in months for version in month.versions))
    truth, never, asked = (
        np.concatenate([getattr(month, name) for month in months]) for name in ("truth", "never", "asked")
    )
    return Month("all", versions, truth, never, asked)
