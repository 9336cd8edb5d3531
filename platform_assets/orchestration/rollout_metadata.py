"""A move of a product's traffic as metadata of `<product>/endpoint`, so that people read why it was made."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import msgspec

from platform_assets.clock import parse_instant
from platform_assets.experiments.summary import Summary
from platform_assets.ledger.traffic_moves import TrafficMove
from platform_assets.orchestration.rollout_decision import figures_of

_FIRST_BAD = "first_bad_at"
_ROWS = ("candidate", "control", "recent")
Metadata = dict[str, dg.MetadataValue | str | float | int]


def metadata_of(move: TrafficMove) -> Metadata:
    """Return what a move tells: what was decided, by whom, when and why, and what every gate found."""
    told: dict[str, str | float | int | None] = {
        "decision": move.kind,
        "reason": move.reason,
        "by": move.moved_by,
        "at": move.moved_at.isoformat(),
        "release_id": move.release_id,
        "candidate": move.candidate,
        "rollout_id": move.rollout_id,
        "step": move.step,
        "share": move.share,
        "sequence": move.sequence,
        "labels": move.evidence.get("labels"),
        "seconds_from_first_bad_answer": seconds_from_first_bad_answer(move),
    }
    metadata: Metadata = {name: value for name, value in told.items() if value is not None}
    findings, figures = move.evidence.get("findings"), [name for name in _ROWS if move.evidence.get(name)]
    if findings:
        metadata["findings"] = dg.MetadataValue.md(_table(("gate", "state", "told"), findings))
    if figures:
        metadata["figures"] = dg.MetadataValue.md("\n".join(_figures(move.evidence, figures)))
    if move.evidence:
        metadata["evidence"] = dg.MetadataValue.json(dict(move.evidence))
    return metadata


def seconds_from_first_bad_answer(move: TrafficMove) -> float | None:
    """Return how long the first bad answer was before the move, where its evidence tells when that was."""
    first = move.evidence.get(_FIRST_BAD)
    return None if first is None else (move.moved_at - parse_instant(str(first))).total_seconds()


def _table(columns: tuple[str, ...], rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [columns, ("---",) * len(columns), *(tuple(str(row.get(name, "")) for name in columns) for row in rows)]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def _figures(evidence: Mapping[str, Any], names: list[str]) -> Iterator[str]:
    rows = [{"release": name, **_short_figures(evidence[name])} for name in names]
    yield _table(tuple(rows[0]), rows)


def _short_figures(told: Mapping[str, Any]) -> dict[str, str]:
    # The endpoint keeps the whole summary, with its histograms.
    figures = told if "p99_ms" in told else figures_of(msgspec.convert(told, Summary, strict=False))
    return {name: _short(value) for name, value in figures.items()}


def _short(value: object) -> str:
    return "-" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
