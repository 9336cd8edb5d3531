"""What a batch says as one digest: the same inputs and release give the same one in every run.

The order of rows, the run and the wall time do not count.
"""

import datetime as dt
import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from platform_assets.features.memory_database import Bounds, memory_database, parquet_scan

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 131_072
_SCORES_IN_MEMORY = 1 << 24  # bytes


def batch_digest(rows: "pa.Table", *, as_of: dt.datetime, input_artifact: str) -> str:
    """Return the digest of rows that lie in memory."""
    digest = _begun(as_of, input_artifact)
    ids, scores = rows.column("prediction_id").to_pylist(), rows.column("score").to_numpy()
    order = np.argsort(np.array(ids, dtype=str), kind="stable")
    digest.update("\n".join(ids[position] for position in order).encode())
    digest.update(np.ascontiguousarray(scores[order], dtype="<f8").tobytes())
    return digest.hexdigest()


def digest_of_file(path: Path, *, as_of: dt.datetime, input_artifact: str, bounds: Bounds) -> str:
    """Return the digest of the rows of a Parquet file, whatever their number, in bounded memory."""
    digest = _begun(as_of, input_artifact)
    by_id = parquet_scan([path]).removesuffix(")") + ", file_row_number = true)"
    with (
        memory_database(bounds) as database,
        tempfile.SpooledTemporaryFile(_SCORES_IN_MEMORY, dir=str(bounds.directory)) as scores,
    ):
        query = f"select prediction_id, score from {by_id} order by prediction_id, file_row_number"
        separator = ""
        for part in database.execute(query).to_arrow_reader(_ROWS):
            digest.update((separator + "\n".join(part.column("prediction_id").to_pylist())).encode())
            scores.write(part.column("score").to_numpy(zero_copy_only=False).astype("<f8", copy=False).tobytes())
            separator = "\n"
        scores.seek(0)
        while told := scores.read(_SCORES_IN_MEMORY):
            digest.update(told)
    return digest.hexdigest()


def _begun(as_of: dt.datetime, input_artifact: str) -> "hashlib._Hash":
    # Ids name both already, but a batch may have no rows.
    return hashlib.sha256(f"{as_of.isoformat()}\0{input_artifact}\0".encode())
