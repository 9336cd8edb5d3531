"""What a prediction row keeps for audits beside its score: who computed it, from which numbers, in between which."""

from typing import TYPE_CHECKING

import numpy as np

from platform_assets.inference.frame import Floats
from platform_assets.inference.matrix_digest import matrix_digests
from platform_assets.inference.predictor import Predictor
from platform_assets.inference.scoring import InStages

if TYPE_CHECKING:
    import pyarrow as pa

# Text, number and so on by name: rows that an earlier version wrote have none of them.
REPLAY_COLUMNS = {
    "engine": "string",
    "device": "string",
    "matrix_digest": "string",
    "model_output": "float64",
}


def with_replay_columns(rows: "pa.Table", stages: InStages, predictor: Predictor) -> "pa.Table":
    """Return prediction rows with the engine and the stages of their scores, in the order of the rows."""
    import pyarrow as pa  # noqa: PLC0415 - heavy; only batch steps need it

    values = {
        "engine": pa.repeat(pa.scalar(predictor.engine), rows.num_rows),
        "device": pa.repeat(pa.scalar(predictor.device), rows.num_rows),
        "matrix_digest": pa.array(matrix_digests(stages.matrix), pa.string()),
        "model_output": _floats(stages.model_output),
    }
    for name, column in values.items():
        rows = rows.append_column(name, column)
    return rows


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
