"""Whether the staged rows are what they should be by themselves: columns, identity, range, missing scores, keys."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from platform_assets.batch.guarding.evidence import Evidence
from platform_assets.batch.guarding.result import GuardrailResult, judged
from platform_assets.contract import names
from platform_assets.inference.scoring import label_of

if TYPE_CHECKING:
    import pyarrow as pa

_TYPES = {
    "prediction_id": "string",
    "product": "string",
    "entity_id": "string",
    "row_key": "string",
    "as_of": "timestamp[us, tz=UTC]",
    "event_at": "timestamp[us, tz=UTC]",
    "prediction_date": "date32[day]",
    "predicted_at": "timestamp[us, tz=UTC]",
    "score": "double",
    "label": "string",
    "uncertainty": "double",
    "is_valid": "bool",
    "model_version": "int64",
    "feature_version": "string",
    "output_schema_version": "int64",
    "training_run_id": "string",
    "release_id": "string",
    "bundle_digest": "string",
    "input_artifact": "string",
    "run_id": "string",
}


def schema(evidence: Evidence) -> GuardrailResult:
    """Count the columns that are missing or not of the type that the prediction table promises."""
    found = {field.name: str(field.type) for field in evidence.table.schema}
    wrong = [
        f"{name} is {found.get(name, 'missing')}, not {kind}"
        for name, kind in _TYPES.items()
        if found.get(name) != kind
    ]
    wrong += [f"{name} is missing" for name in evidence.product.entity.row_keys if name not in found]
    told = "; ".join(wrong) or "every column as promised"
    return judged(evidence.product, "schema", float(len(wrong)), told, numbers={"columns": float(len(found))})


def identity(evidence: Evidence) -> GuardrailResult:
    """Count the rows that do not say what batch they belong to, or whose parts contradict each other."""
    rows, product = evidence.table.num_rows, evidence.product
    expected = {
        "product": product.name,
        "as_of": evidence.as_of,
        "prediction_date": evidence.as_of.date(),
        "model_version": evidence.model_version,
        "release_id": evidence.release_id,
    }
    wrong = {name: _differing(evidence.table, name, value) for name, value in expected.items()}
    wrong["event_at"] = _after(evidence.table, "event_at", evidence.as_of)
    wrong["row_key"] = _misnamed(evidence, "row_key", product.entity.row_keys)
    wrong["entity_id"] = _misnamed(evidence, "entity_id", product.entity.row_keys[:1])
    wrong["prediction_id"] = rows - len(set(_values(evidence.table, "prediction_id")))
    wrong["label"] = _mislabelled(evidence)
    told = "; ".join(f"{count} rows of a wrong {name}" for name, count in wrong.items() if count)
    ratio = max(wrong.values()) / rows if rows else 0.0
    numbers = {"rows": float(rows), **{f"wrong_{name}": float(count) for name, count in wrong.items() if count}}
    return judged(product, "identity", ratio, told or "every row belongs to this batch", numbers=numbers)


def value_range(evidence: Evidence) -> GuardrailResult:
    """Give the share of rows whose score is there and not inside its declared range, or is no class."""
    score, rows = evidence.product.score, evidence.table.num_rows
    values = np.array([np.nan if value is None else value for value in _values(evidence.table, "score")], dtype=float)
    is_null = np.array([value is None for value in _values(evidence.table, "score")], dtype=bool)
    is_inside = (values >= score.low) & (values <= score.high)
    if score.kind == "class":
        is_inside &= values == np.floor(values)
    outside = int((~is_inside & ~is_null).sum())
    told = f"{outside} of {rows} scores outside [{score.low:g}, {score.high:g}]"
    ratio = outside / rows if rows else 0.0
    return judged(
        evidence.product, "value_range", ratio, told, numbers={"rows": float(rows), "outside": float(outside)}
    )


def null_ratio(evidence: Evidence) -> GuardrailResult:
    """Give the share of rows without a score: null, or a NaN that reached the file."""
    rows = evidence.table.num_rows
    missing = int(np.isnan(evidence.rows.scores).sum())
    told = f"{missing} of {rows} rows without a score"
    ratio = missing / rows if rows else 0.0
    return judged(evidence.product, "null_ratio", ratio, told, numbers={"rows": float(rows), "missing": float(missing)})


def unique_rows(evidence: Evidence) -> GuardrailResult:
    """Give the share of rows whose row key stands in the batch before them."""
    rows = evidence.table.num_rows
    repeated = rows - len(np.unique(evidence.rows.row_keys))
    told = f"{repeated} of {rows} rows repeat a row key"
    ratio = repeated / rows if rows else 0.0
    numbers = {"rows": float(rows), "repeated": float(repeated)}
    return judged(evidence.product, "unique_rows", ratio, told, numbers=numbers)


def _values(table: "pa.Table", name: str) -> list[object]:
    return table.column(name).to_pylist() if name in table.column_names else [None] * table.num_rows


def _differing(table: "pa.Table", name: str, expected: object) -> int:
    if name in table.column_names and table.column(name).unique().to_pylist() == [expected]:
        return 0  # nearly always, and quick
    return sum(value != expected for value in _values(table, name))


def _after(table: "pa.Table", name: str, latest: dt.datetime) -> int:
    return sum(not isinstance(value, dt.datetime) or value > latest for value in _values(table, name))


def _mislabelled(evidence: Evidence) -> int:
    """Return how many rows bear a label that does not follow from their score."""
    labels = _values(evidence.table, "label")
    scores = evidence.rows.scores.tolist()
    return sum(label != label_of(evidence.product, score) for label, score in zip(labels, scores, strict=True))


def _misnamed(evidence: Evidence, name: str, keys: Sequence[str]) -> int:
    """Return how many rows have a text key that is empty or is not that of their key columns."""
    told = _values(evidence.table, name)
    columns = [_values(evidence.table, key) for key in keys]
    return sum(not found or found != names.row_key(values) for found, *values in zip(told, *columns, strict=True))
