"""What the contract of a raw data set found; stdlib only, so that shells import it for free."""

from dataclasses import dataclass
from pathlib import Path

ROWS_FILE = "rows.parquet"
SET_ASIDE_FILE = "set_aside.parquet"
MALFORMED_FILE = "malformed_lines.parquet"


@dataclass(frozen=True, slots=True)
class RawReport:
    """Counts of one validated raw file: `rows` are the good ones, in `rows_path`; the others lie in `set_aside_path`.

    `reasons` counts each broken rule; a row that breaks two rules counts in both.
    """

    dataset: str
    rows: int
    rows_set_aside: int
    reasons: dict[str, int]
    rows_path: Path
    set_aside_path: Path
