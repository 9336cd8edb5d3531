"""Where a batch goes that a guardrail refused: whole, with the reasons, beside the tables and never in them."""

# ruff: noqa: PLC0415 - pyarrow costs half a second; who only imports this module does not pay it

import datetime as dt
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.clock import parse_instant
from platform_assets.errors import LakeWriteError
from platform_assets.lakehouse.digest import content_digest
from platform_assets.lakehouse.durable import make_directory, sync_files_below

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_FILE = "rows.parquet"
REASONS_FILE = "reasons.json"


@dataclass(frozen=True, slots=True)
class QuarantinedBatch:
    """A refused batch: where it lies, how many rows it has and why it was refused."""

    product: str
    as_of: dt.date
    digest: str
    path: Path
    num_rows: int
    reasons: list[dict[str, object]]
    quarantined_at: dt.datetime


def quarantine(  # noqa: PLR0913 - a refused batch has that many facts
    root: Path,
    product: str,
    as_of: dt.date,
    staged_rows: "pa.Table",
    reasons: Sequence[Mapping[str, object]],
    *,
    quarantined_at: dt.datetime,
    digest: str | None = None,
    fsync: bool = True,
) -> Path:
    """Keep the whole batch with its reasons under `<root>/<product>/<as_of>/<digest16>/`, all or nothing.

    `digest` defaults to the content digest of the rows; the same batch again keeps what is there and returns its
    directory. Raises LakeWriteError when the disk refuses.
    """
    told = digest or content_digest(staged_rows)
    target = root / product / as_of.isoformat() / told[:16]
    if target.is_dir():
        return target
    document = {
        "product": product,
        "as_of": as_of.isoformat(),
        "digest": told,
        "num_rows": staged_rows.num_rows,
        "quarantined_at": quarantined_at.astimezone(dt.UTC).isoformat(),
        "reasons": [dict(reason) for reason in reasons],
    }
    try:
        _write(target, staged_rows, json.dumps(document, indent=2, default=str), fsync=fsync)
    except OSError as cause:
        raise LakeWriteError(table=str(target), reason=str(cause)) from cause
    return target


def list_quarantined(root: Path, product: str) -> list[QuarantinedBatch]:
    """Return the refused batches of a product, oldest as-of first, then in the order they were refused."""
    found = [_read(path) for path in (root / product).glob(f"*/*/{REASONS_FILE}") if "." not in path.parent.name]
    return sorted(found, key=lambda batch: (batch.as_of, batch.quarantined_at, batch.digest))


def _write(target: Path, rows: "pa.Table", document: str, *, fsync: bool) -> None:
    import pyarrow.parquet as pq

    partial = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    shutil.rmtree(partial, ignore_errors=True)
    make_directory(partial, fsync=fsync)
    try:
        pq.write_table(rows, partial / ROWS_FILE, compression="zstd")
        (partial / REASONS_FILE).write_text(document, encoding="utf-8")
        if fsync:
            sync_files_below(partial, [partial / ROWS_FILE, partial / REASONS_FILE])
        if not target.is_dir():
            partial.rename(target)
    except OSError:
        if not target.is_dir():  # another process may have put the same batch there first
            raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    if fsync:
        sync_files_below(target, [])


def _read(path: Path) -> QuarantinedBatch:
    document = json.loads(path.read_text(encoding="utf-8"))
    return QuarantinedBatch(
        product=document["product"],
        as_of=dt.date.fromisoformat(document["as_of"]),
        digest=document["digest"],
        path=path.parent,
        num_rows=document["num_rows"],
        reasons=document["reasons"],
        quarantined_at=parse_instant(document["quarantined_at"]),
    )
