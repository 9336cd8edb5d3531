"""What a prediction row keeps for audits beside its score: its engine, the numbers on the way, and why."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from platform_assets.inference.bundle import Bundle
from platform_assets.inference.contributions import Explainer
from platform_assets.inference.explained import tell
from platform_assets.inference.frame import Floats
from platform_assets.inference.matrix_digest import matrix_digests
from platform_assets.inference.scoring import InStages

if TYPE_CHECKING:
    import pyarrow as pa

# Text, number and so on by name: rows that an earlier version wrote have none of them.
REPLAY_COLUMNS = {
    "engine": "string",
    "device": "string",
    "matrix_digest": "string",
    "model_output": "float64",
    "explanation": "string",
}


def with_replay_columns(
    rows: "pa.Table", stages: InStages, bundle: Bundle, explainer: Callable[[], Explainer]
) -> "pa.Table":
    """Return prediction rows with the engine and the stages of their scores, in the order of the rows.

    The explainer is asked for where it is needed. `explanation` is a ToldExplanation as JSON, null where the product
    stores none and for a score that is not valid.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy; only batch steps need it

    values = {
        "engine": pa.repeat(pa.scalar(bundle.predictor.engine), rows.num_rows),
        "device": pa.repeat(pa.scalar(bundle.predictor.device), rows.num_rows),
        "matrix_digest": pa.array(matrix_digests(stages.matrix), pa.string()),
        "model_output": _floats(stages.model_output),
        "explanation": pa.array(_explanations(stages, bundle, explainer), pa.string()),
    }
    for name, column in values.items():
        rows = rows.append_column(name, column)
    return rows


def _explanations(stages: InStages, bundle: Bundle, explainer: Callable[[], Explainer]) -> list[str | None]:
    explanation, matrix = bundle.product.explanation, stages.matrix
    if explanation is None or not explanation.is_stored or not len(matrix):
        return [None] * len(matrix)
    told = tell(explanation, bundle.preprocessor, matrix, explainer().explain(matrix))
    return [
        msgspec.json.encode(each).decode() if is_valid else None
        for each, is_valid in zip(told, stages.scored.is_valid.tolist(), strict=True)
    ]


def with_absent_columns(rows: "pa.Table") -> "pa.Table":
    """Return rows that have every column of a replay; those of an earlier version, as from quarantine, get nulls."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    for name, kind in REPLAY_COLUMNS.items():
        if name not in rows.column_names:
            rows = rows.append_column(name, pa.nulls(rows.num_rows, pa.type_for_alias(kind)))
    return rows


def _floats(values: Floats) -> "pa.Array":
    import pyarrow as pa  # noqa: PLC0415 - as above

    return pa.array(values, type=pa.float64(), mask=np.isnan(values))
