"""Plain baselines: what a model must beat to be worth its upkeep."""

import numpy as np

from platform_assets.contract.evaluation import Baseline, ColumnBaseline, LogisticBaseline, Metric
from platform_assets.contract.product import Product
from platform_assets.errors import MissingInputError
from platform_assets.inference.frame import Floats, Frame
from platform_assets.training.metrics import METRICS_BY_KIND, RANK_METRICS


def baseline_metrics(product: Product, baseline: Baseline) -> tuple[Metric, ...]:
    """Return what can be measured of a baseline: a bare column that ranks is no probability."""
    metrics = METRICS_BY_KIND[product.score.kind]
    if product.score.kind == "probability" and isinstance(baseline, ColumnBaseline):
        return tuple(metric for metric in metrics if metric in RANK_METRICS)
    return metrics


def score_baseline(product: Product, baseline: Baseline, train: Frame, test: Frame) -> Floats:
    """Return a baseline's scores of the test rows, missing where it cannot say; frames hold on-demand features."""
    if isinstance(baseline, ColumnBaseline):
        scores = _column(product, test, baseline.column)
        # An estimate gets the same lower bound as the model's: the comparison is about information.
        return np.maximum(scores, product.score.low) if product.score.kind == "estimate" else scores
    return _logistic(product, baseline, train, test)


def _logistic(product: Product, baseline: LogisticBaseline, train: Frame, test: Frame) -> Floats:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - heavy

    known, asked = _logs(product, baseline, train), _logs(product, baseline, test)
    mean, deviation = np.nanmean(known, axis=0), np.nanstd(known, axis=0)
    deviation[deviation == 0.0] = 1.0
    # A missing value is put at the mean, which is 0 after standardising.
    known, asked = (np.nan_to_num((part - mean) / deviation) for part in (known, asked))
    model = LogisticRegression(max_iter=1_000).fit(known, train["label"] > 0)
    probability: Floats = model.predict_proba(asked)[:, 1]
    return probability


def _logs(product: Product, baseline: LogisticBaseline, frame: Frame) -> Floats:
    columns = [_column(product, frame, name) for name in baseline.columns]
    return np.log1p(np.maximum(np.column_stack(columns), 0.0))


def _column(product: Product, frame: Frame, name: str) -> Floats:
    if name not in frame:
        raise MissingInputError(column=name, product=product.name)
    column: Floats = frame[name]
    return column
