"""Contributions become what people are told: the inputs that matter most, in the words of the product."""

from collections.abc import Iterator

import numpy as np

from platform_assets.contract.explanation import Explanation, ToldExplanation, ToldReason
from platform_assets.inference.contributions import Contributions
from platform_assets.inference.frame import Floats
from platform_assets.inference.preprocess import InputColumn, Preprocessor


def tell(
    explanation: Explanation, preprocessor: Preprocessor, matrix: Floats, contributions: Contributions
) -> Iterator[ToldExplanation]:
    """Yield the explanation of each row of a matrix: the largest contributions first, equal ones in input order."""
    margins = contributions.margin.tolist()
    order = np.argsort(-np.abs(contributions.by_input), axis=1, kind="stable")[:, : explanation.top_k]
    for at, chosen in enumerate(order.tolist()):
        values = contributions.by_input[at]
        reasons = tuple(
            _reason(explanation, preprocessor.inputs[place], float(matrix[at, place]), float(values[place]))
            for place in chosen
            if values[place] != 0.0
        )
        told, baseline = sum(reason.contribution for reason in reasons), float(contributions.baseline[at])
        yield ToldExplanation(
            margin=margins[at], baseline=baseline, others=margins[at] - baseline - told, reasons=reasons
        )


def _reason(explanation: Explanation, column: InputColumn, value: float, contribution: float) -> ToldReason:
    return ToldReason(
        feature=column.name,
        value=_shown(column, value),
        contribution=contribution,
        text=explanation.words(column.name, contribution),
    )


def _shown(column: InputColumn, value: float) -> float | str | None:
    if not np.isfinite(value):
        return None  # JSON knows no other numbers
    return value if column.categories is None else column.categories[int(value)]
