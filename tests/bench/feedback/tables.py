"""What came of a walk, as tables: outcome metrics by month beside those of the first model, and every request."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from platform_assets.contract.evaluation import Metric
from platform_assets.contract.product import Product
from platform_assets.inference.bundle import load_bundle
from platform_assets.lakehouse.read import read_table
from platform_assets.ledger.retraining import RetrainingRequest, requests
from platform_assets.registry.versions import bundle_dir
from platform_assets.training.calibration_gate import judge_calibration
from platform_assets.training.candidates import read_judgement
from platform_assets.training.gates import judge
from platform_assets.training.metrics import prepare_metric
from tests.bench.feedback.answers import Asked, Floats, scores_of
from tests.bench.feedback.home import BusinessHome

_TOLD: tuple[Metric, ...] = ("auc", "brier")


@dataclass(frozen=True)
class Month:
    """All predictions of one month whose outcome is known at the end of the data, by both models."""

    name: str
    versions: tuple[int, ...]
    truth: Floats
    never: Floats
    asked: Floats


def months_of(home: BusinessHome, product: Product, everybody: Sequence[Asked]) -> list[Month]:
    """Return the months that have outcomes, with the scores of the first model and of the one that answered."""
    answered = _answered(home, product)
    first = load_bundle(bundle_dir(home.settings, product.name, 1))
    found: dict[str, list[tuple[int, Floats, Floats, Floats]]] = {}
    for asked in everybody:
        if asked.at in answered:
            version = answered[asked.at]
            bundle = load_bundle(bundle_dir(home.settings, product.name, version))
            never, scores = scores_of(first, product, asked), scores_of(bundle, product, asked)
            known = np.isfinite(asked.truth) & np.isfinite(never) & np.isfinite(scores)
            found.setdefault(f"{asked.at:%Y-%m}", []).append((version, asked.truth[known], never[known], scores[known]))
    return [_month(name, weeks) for name, weeks in found.items()]


def outcome_table(months: Sequence[Month]) -> str:
    """Return one row per month and one for all months: AUC, Brier score and mean score less rate, of both."""
    head = (
        "| month | predictions | churned | model then in force | AUC never | AUC on request | Brier never "
        "| Brier on request | gap never | gap on request |\n|---|---|---|---|---|---|---|---|---|---|\n"
    )
    return head + "\n".join(_row(month) for month in [*months, _all(months)])


def request_table(home: BusinessHome, product: Product, declared: Product) -> str:
    """Return one row per request: when, why, up to which cut-off, what its gates said and the declared ones would."""
    made = requests(home.ledger, product.name)
    if not made:
        return "No rule asked for a new model."
    head = (
        "| request | asked | by | value | cut-off | new labels | outcome | declared gates that would refuse it |\n"
        "|---|---|---|---|---|---|---|---|\n"
    )
    rows = [
        f"| {one.request_id} | {one.requested_at:%Y-%m-%d} | {one.evidence['promise']} | {one.evidence['value']:.3f} "
        f"| {one.cutoff} | {one.evidence['new_labels']:,} | {one.state}: {_outcome(one.steps[-1].facts)} "
        f"| {_by_declared(home, declared, one)} |"
        for one in made
    ]
    return head + "\n".join(rows)


def _by_declared(home: BusinessHome, declared: Product, request: RetrainingRequest) -> str:
    """Return which gates of the product file, but for the champion, refuse the candidate of a request."""
    version = next((step.facts["model_version"] for step in request.steps if step.state == "candidate"), None)
    if version is None:
        return "-"
    evaluation = read_judgement(bundle_dir(home.settings, declared.name, version)).evaluation
    results = [*judge(declared, evaluation), *judge_calibration(declared, evaluation)]
    return _told([str(one) for one in results if not one.is_passed]) or "none"


def _outcome(facts: dict[str, object]) -> str:
    failed = facts.get("gates")
    if isinstance(failed, list):
        return _told([str(gate) for gate in failed])
    return "every gate holds" if "release_id" in facts else "-"


def _told(gates: Sequence[str]) -> str:
    """Return gates in short: the condition and its two numbers, without the interval."""
    return "; ".join(f"{gate.split(', interval')[0]})" if ", interval" in gate else gate for gate in gates)


def _answered(home: BusinessHome, product: Product) -> dict[dt.datetime, int]:
    """Return which version answered at each instant, as the prediction log has it."""
    filters = [("product", "=", product.name)]
    rows = read_table(home.settings.prediction_log_dir, columns=["predicted_at", "model_version"], filters=filters)
    counted = rows.group_by(["predicted_at", "model_version"]).aggregate([])
    return dict(zip(counted["predicted_at"].to_pylist(), counted["model_version"].to_pylist(), strict=True))


def _month(name: str, weeks: Sequence[tuple[int, Floats, Floats, Floats]]) -> Month:
    truth, never, asked = (np.concatenate([week[place] for week in weeks]) for place in (1, 2, 3))
    return Month(name, tuple(dict.fromkeys(week[0] for week in weeks)), truth, never, asked)


def _row(month: Month) -> str:
    versions = ", ".join(map(str, month.versions))
    told = [f"{_value(metric, month, scores):.4f}" for metric in _TOLD for scores in (month.never, month.asked)]
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
