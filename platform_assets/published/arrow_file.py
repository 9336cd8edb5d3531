"""The published rows as an Arrow file for readers over HTTP, one per batch: its name says which batch it holds.

Who was told the status of a batch finds the very rows of that batch, also when another one is published meanwhile.
"""

# ruff: noqa: PLC0415 - pyarrow costs half a second; who only imports this module does not pay it

from pathlib import Path
from typing import TYPE_CHECKING

from platform_assets.inference.durable import write_file
from platform_assets.published.status import ARROW_DIGITS, arrow_path
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

_FEW = 3
_ANY_DIGEST = "[0-9a-f]" * ARROW_DIGITS


def write_arrow_file(settings: Settings, product: str, rows: "pa.Table", batch_digest: str) -> Path:
    """Write the rows of a batch in the Arrow IPC file format, uncompressed, which every reader understands."""
    import pyarrow as pa

    path = arrow_path(settings, product, batch_digest)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, rows.schema) as writer:
        writer.write_table(rows)
    write_file(path, sink.getvalue().to_pybytes(), fsync=settings.fsync)
    return path


def remove_arrow_files(settings: Settings, product: str, *, but: str | None = None) -> None:
    """Remove the Arrow files of a product: all, or those of every batch `but` one and the few before it.

    Those before may be on their way to readers who were told their status a moment ago.
    """
    kept = None if but is None else arrow_path(settings, product, but)
    others = [path for path in settings.published_dir.glob(f"{product}.{_ANY_DIGEST}.arrow") if path != kept]
    others.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in others if kept is None else others[_FEW:]:
        path.unlink(missing_ok=True)
