"""A writer made to be killed: stages, audits and publishes batches, and tells which are acknowledged.

Run as `python publish_victim.py <table> <acknowledgements> <last> <append|stage>`; every batch has its own
application id, so that a rerun repeats exactly what was not committed.
"""

import datetime as dt
import sys
from pathlib import Path

import pyarrow as pa

from platform_assets.lakehouse.publish import Appended, append_once, publish
from platform_assets.lakehouse.stage import stage
from platform_assets.lakehouse.staged_rows import read_staged

ROWS_PER_PARTITION = 2_000
PARTITION_BY = ("prediction_date", "model_version")
DAYS = (dt.date(2011, 12, 8), dt.date(2011, 12, 9))


def batch(number: int) -> pa.Table:
    """Return the rows of one batch: two partitions, every row naming its batch."""
    n_rows = ROWS_PER_PARTITION * len(DAYS)
    return pa.table(
        {
            "batch": pa.array([number] * n_rows, pa.int64()),
            "row": pa.array(range(n_rows), pa.int64()),
            "score": pa.array([(number * 31 + row) % 997 / 997 for row in range(n_rows)], pa.float64()),
            "prediction_date": pa.array([DAYS[row % 2] for row in range(n_rows)], pa.date32()),
            "model_version": pa.array([3] * n_rows, pa.int64()),
        }
    )


def write(table_dir: Path, number: int, how: str) -> Appended:
    """Write one batch exactly once, the short way or by write-audit-publish."""
    app_id, metadata = f"batch-{number}", {"batch": str(number)}
    if how == "append":
        return append_once(
            table_dir, batch(number), app_id=app_id, version=1, partition_by=PARTITION_BY, metadata=metadata
        )
    staged = stage(table_dir, batch(number), PARTITION_BY)
    if read_staged(staged).num_rows != ROWS_PER_PARTITION * len(DAYS):
        sys.exit(3)
    return publish(staged, app_id=app_id, version=1, metadata=metadata)


def main(table: str, acknowledgements: str, last: str, how: str) -> None:
    """Write the batches from 0 up to `last` and append the number of each to the acknowledgements when it is done."""
    with Path(acknowledgements).open("a", encoding="utf-8") as told:
        for number in range(int(last)):
            appended = write(Path(table), number, how)
            told.write(f"{number} {appended.delta_version} {int(appended.written)}\n")
            told.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
