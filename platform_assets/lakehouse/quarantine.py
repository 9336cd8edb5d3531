"""Where a batch goes that a guardrail refused: whole, with the reasons, beside the tables and never in them."""

import datetime as dt
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.clock import parse_instant
from platform_assets.errors import LakeWriteError
from platform_assets.lakehouse.durable import make_directory, sync_files_below
from platform_assets.lakehouse.row_groups import write_in_groups

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
    parts: "Iterable[pa.Table]",
    reasons: Sequence[Mapping[str, object]],
    *,
    quarantined_at: dt.datetime,
    digest: str,
    fsync: bool = True,
) -> Path:
    """Keep the whole batch, at least one part, with its reasons under `<root>/<product>/<as_of>/<digest16>/`.

    It is there as a whole or not at all; the same batch again keeps what is there and returns its directory. Raises
    LakeWriteError when the disk refuses.
    """
    target = root / product / as_of.isoformat() / digest[:16]
    if target.is_dir():
        return target
    document = {
        "product": product,
        "as_of": as_of.isoformat(),
        "digest": digest,
        "quarantined_at": quarantined_at.astimezone(dt.UTC).isoformat(),
        "reasons": [dict(reason) for reason in reasons],
    }
    try:
        _write(target, parts, document, fsync=fsync)
    except OSError as cause:
        raise LakeWriteError(table=str(target), reason=str(cause)) from cause
    return target


def list_quarantined(root: Path, product: str) -> list[QuarantinedBatch]:
    """Return the refused batches of a product, oldest as-of first, then in the order they were refused."""
    found = [_read(path) for path in (root / product).glob(f"*/*/{REASONS_FILE}") if "." not in path.parent.name]
    return sorted(found, key=lambda batch: (batch.as_of, batch.quarantined_at, batch.digest))


def _write(target: Path, parts: "Iterable[pa.Table]", document: Mapping[str, object], *, fsync: bool) -> None:
    partial = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    shutil.rmtree(partial, ignore_errors=True)
    make_directory(partial, fsync=fsync)
    try:
        num_rows = write_in_groups(partial / ROWS_FILE, parts)
        told = json.dumps({**document, "num_rows": num_rows}, indent=2, default=str)
        (partial / REASONS_FILE).write_text(told, encoding="utf-8")
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
