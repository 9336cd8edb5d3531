"""The table of drift: the figures of every comparison, once per product and window, and what they were over time."""

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from platform_assets.lakehouse.publish import append_once
from platform_assets.lakehouse.read import read_table
from platform_assets.lakehouse.table import table_exists
from platform_assets.monitoring.drift.figures import Comparison, DriftLevel, DriftReport, FeatureDrift, worst
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

_FEATURE, _SCORE = "feature", "score"


class PastDrift(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison of a window, as it was recorded last. `drift_rate` is None where no feature was judged."""

    product: str
    comparison: Comparison
    window: dt.date
    revision: int
    release_id: str
    model_version: int
    judged_at: dt.datetime
    judged: int
    drifted: tuple[str, ...]
    data_level: DriftLevel
    score_level: DriftLevel
    score_ks: float | None

    @property
    def drift_rate(self) -> float | None:
        """The share of the judged features that drifted."""
        return len(self.drifted) / self.judged if self.judged else None


def keep_reports(settings: Settings, reports: Sequence[DriftReport], *, at: dt.datetime, run_id: str) -> int:
    """Record what was judged, each window exactly once, and return the number of rows appended.

    A window that shows other figures by now, as one of answers that still come, is recorded as its next revision; the
    same figures again append nothing, also while another process records them. A report that judged nothing is left
    out.
    """
    return sum(_keep(settings, report, at, run_id) for report in reports if _subjects(report))


def past_drift(
    settings: Settings, product: str, *, comparison: Comparison | None = None, last: int = 60
) -> list[PastDrift]:
    """Return the newest revision of the last windows of each comparison of a product, oldest first."""
    if not table_exists(_table(settings)):
        return []
    filters = [("product", "=", product), *([("comparison", "=", comparison)] if comparison else [])]
    newest: dict[tuple[str, dt.date], list[dict[str, Any]]] = {}
    for row in read_table(_table(settings), filters=filters).to_pylist():
        known = newest.setdefault((row["comparison"], row["window"]), [])
        if known and row["revision"] > known[0]["revision"]:
            known.clear()
        if not known or row["revision"] == known[0]["revision"]:
            known.append(row)
    names: tuple[Comparison, ...] = get_args(Comparison)
    return [
        _past(newest[name, window])
        for name in names
        for window in sorted(window for told, window in newest if told == name)[-last:]
    ]


def _keep(settings: Settings, report: DriftReport, at: dt.datetime, run_id: str) -> int:
    evidence = hashlib.blake2b(msgspec.json.encode(report), digest_size=12).hexdigest()
    while True:
        revision, known = _newest(settings, report)
        if known == evidence:
            return 0
        rows = _rows(report, revision=revision + 1, evidence=evidence, at=at, run_id=run_id)
        appended = append_once(
            _table(settings),
            rows,
            app_id=f"drift/{report.product}/{report.comparison}/{report.window}",
            version=revision + 1,
            partition_by=("product",),
            metadata={"evidence": evidence},
            fsync=settings.fsync,
        )
        if appended.written:
            return int(rows.num_rows)


def _newest(settings: Settings, report: DriftReport) -> tuple[int, str]:
    if not table_exists(_table(settings)):
        return 0, ""
    filters = [("product", "=", report.product), ("comparison", "=", report.comparison), ("window", "=", report.window)]
    found = read_table(_table(settings), columns=["revision", "evidence"], filters=filters).to_pylist()
    return max(((row["revision"], row["evidence"]) for row in found), default=(0, ""))


def _subjects(report: DriftReport) -> list[tuple[str, FeatureDrift]]:
    told = [(_FEATURE, one) for one in report.features]
    told += [(_SCORE, report.score)] if report.score else []
    return [(subject, one) for subject, one in told if one.is_judged]


def _rows(report: DriftReport, *, revision: int, evidence: str, at: dt.datetime, run_id: str) -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415 - heavy

    same = {
        "product": report.product,
        "comparison": report.comparison,
        "window": report.window,
        "revision": revision,
        "evidence": evidence,
        "release_id": report.release_id,
        "model_version": report.model_version,
        "judged_at": at,
        "run_id": run_id,
    }
    rows = [{**same, "subject": subject, **_told(one)} for subject, one in _subjects(report)]
    return pa.Table.from_pylist(rows, schema=pa.schema(dict(_columns())))


def _told(one: FeatureDrift) -> dict[str, object]:
    return {name: value for name, value in msgspec.structs.asdict(one).items() if name != "is_judged"}


def _columns() -> "Iterator[tuple[str, pa.DataType]]":
    import pyarrow as pa  # noqa: PLC0415 - heavy

    for name in ("product", "comparison", "evidence", "release_id", "run_id", "subject", "name", "level", "told"):
        yield name, pa.string()
    for name in ("revision", "model_version", "rows", "reference_rows"):
        yield name, pa.int64()
    yield "window", pa.date32()
    yield "judged_at", pa.timestamp("us", tz="UTC")
    for field in msgspec.structs.fields(FeatureDrift):
        if field.type == float | None:
            yield field.name, pa.float64()


def _past(rows: Sequence[dict[str, Any]]) -> PastDrift:
    features = [row for row in rows if row["subject"] == _FEATURE]
    score = next((row for row in rows if row["subject"] == _SCORE), None)
    shared = ("product", "comparison", "window", "revision", "release_id", "model_version", "judged_at")
    return PastDrift(
        **{name: rows[0][name] for name in shared},
        judged=len(features),
        drifted=tuple(row["name"] for row in features if row["level"] != "pass"),
        data_level=worst(row["level"] for row in features),
        score_level=score["level"] if score else "pass",
        score_ks=score["ks"] if score else None,
    )


def _table(settings: Settings) -> "Path":
    return settings.lake_dir / "drift"
