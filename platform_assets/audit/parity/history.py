"""Keeps every parity proof in a table, and draws it with those before."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from platform_assets.audit.parity.proof import ParityProof
from platform_assets.errors import NotMaterializedError
from platform_assets.lakehouse.grow import add_missing_columns
from platform_assets.lakehouse.publish import append_once
from platform_assets.lakehouse.read import read_table
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

_BAR = 30  # characters
_SHOWN = 30  # proofs


class PastProof(msgspec.Struct, frozen=True, kw_only=True):
    """One proof of before: how many values it compared and how many of them differed without a reason."""

    proved_at: dt.datetime
    answers: int
    compared: int
    unexplained: int


def keep_proof(settings: Settings, proof: ParityProof, *, at: dt.datetime, run_id: str) -> None:
    """Append a proof, one row for each subject; a repeated run appends nothing."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    if not proof.counts:
        return
    told = {"product": proof.product, "proved_at": at, "run_id": run_id, "answers": proof.answers}
    rows = pa.Table.from_pylist([{**told, **msgspec.structs.asdict(count)} for count in proof.counts])
    add_missing_columns(_table(settings), rows.schema)  # a table that an earlier version began lacks some counts
    append_once(
        _table(settings),
        rows,
        app_id=f"parity/{proof.product}/{run_id}",
        version=1,
        partition_by=("product",),
        metadata={},
        fsync=settings.fsync,
    )


def past_proofs(settings: Settings, product: str) -> list[PastProof]:
    """Return the last proofs of a product, oldest first."""
    try:
        rows = read_table(_table(settings), filters=[("product", "=", product)]).to_pylist()
    except NotMaterializedError:
        return []
    by_run: dict[tuple[dt.datetime, str], list[dict[str, int]]] = {}
    for row in rows:
        by_run.setdefault((row["proved_at"], row["run_id"]), []).append(row)
    return [
        PastProof(
            proved_at=at,
            answers=some[0]["answers"],
            compared=sum(row[name] for row in some for name in ("match", "mismatch", "missing", "extra", "allowed")),
            unexplained=sum(row[name] for row in some for name in ("mismatch", "missing", "extra")),
        )
        for (at, _), some in sorted(by_run.items())
    ][-_SHOWN:]


def as_markdown(proof: ParityProof, past: Sequence[PastProof]) -> str:
    """Return each subject with the share of its values that match as a bar, then the proofs before on one line each."""
    lines = [
        f"{proof.answers} answers, {proof.unexplained} unexplained differences, {proof.skipped} answers skipped.",
        "",
        "| feature | equal | match | mismatch | missing | extra | allowed | sent | streamed |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in proof.counts:
        told = (one.match, one.mismatch, one.missing, one.extra, one.allowed, one.sent, one.streamed)
        share = one.match / (one.match + one.unexplained + one.allowed or 1)
        lines.append(f"| {one.subject} | `{_bar(share)}` | {' | '.join(map(str, told))} |")
    lines += ["", "| proof of | answers | equal | unexplained |", "|---|---|---|---|"]
    lines += [
        f"| {one.proved_at:%Y-%m-%d %H:%M} | {one.answers} | `{_bar(1 - one.unexplained / (one.compared or 1))}` | "
        f"{one.unexplained} |"
        for one in past
    ]
    return "\n".join(lines) + "\n"


def _bar(share: float) -> str:
    filled = int(_BAR * share)  # rounded down, so that only all of it is a full bar
    return "█" * filled + "░" * (_BAR - filled)


def _table(settings: Settings) -> "Path":
    return settings.lake_dir / "parity"
