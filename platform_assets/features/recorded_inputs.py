"""The input file of a batch as the manifest recorded it: the very bytes, or none."""

import hashlib
from typing import TYPE_CHECKING

from platform_assets.errors import InputsUnusableError
from platform_assets.ledger.artifacts import Artifact
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

_DIGEST_IN_ID = 16


def read_recorded_inputs(settings: Settings, recorded: Artifact) -> "pa.Table":
    """Return the rows of a recorded input file of this home, wherever the home was when it was recorded.

    Its digest must be that of the record and of the record's id. Raises InputsUnusableError.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415

    day, short = str(recorded.details.get("as_of", "")), recorded.digest[:_DIGEST_IN_ID]
    path = settings.lake_dir / "batch_inputs" / recorded.name / day / f"{short}.parquet"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputsUnusableError(path=str(path), problem=f"it cannot be read ({error.strerror})") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != recorded.digest or not recorded.artifact_id.endswith(f"@{short}"):
        raise InputsUnusableError(path=str(path), problem=f"its digest is {digest}, not {recorded.digest} as recorded")
    table: pa.Table = pq.read_table(pa.BufferReader(content))
    return table
