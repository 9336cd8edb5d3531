"""Whether the staged rows are what they should be by themselves: columns, identity, range, missing scores, keys."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from platform_assets.batch.guarding.evidence import Evidence, numbers_of, parts_of, values_of
from platform_assets.batch.guarding.result import GuardrailResult, judged
from platform_assets.contract import names
from platform_assets.contract.product import Product
from platform_assets.contract.score import Score
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
# In the order in which they are told.
_IDENTITY = (
    "product",
    "as_of",
    "prediction_date",
    "model_version",
    "release_id",
    "event_at",
    "row_key",
    "entity_id",
    "prediction_id",
    "label",
)


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
    rows, keys = evidence.table.num_rows, evidence.product.entity.row_keys
    wrong: Counter[str] = Counter()
    for part in parts_of(evidence.table, *_IDENTITY, "score", *keys):
        wrong.update(_misidentified(evidence, part))
    # Ids repeat across parts.
    wrong["prediction_id"] = evidence.keys.repeated_ids
    counts = {name: wrong[name] for name in _IDENTITY if wrong[name]}
    told = "; ".join(f"{count} rows of a wrong {name}" for name, count in counts.items())
    ratio = max(counts.values(), default=0) / rows if rows else 0.0
    numbers = {"rows": float(rows), **{f"wrong_{name}": float(count) for name, count in counts.items()}}
    return judged(evidence.product, "identity", ratio, told or "every row belongs to this batch", numbers=numbers)


def value_range(evidence: Evidence) -> GuardrailResult:
    """Give the share of rows whose score is there and not inside its declared range, or is no class."""
    score, rows = evidence.product.score, evidence.table.num_rows
    outside = sum(_outside(score, values_of(part, "score")) for part in parts_of(evidence.table, "score"))
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
    repeated = evidence.keys.repeated_keys
    told = f"{repeated} of {rows} rows repeat a row key"
    ratio = repeated / rows if rows else 0.0
    numbers = {"rows": float(rows), "repeated": float(repeated)}
    return judged(evidence.product, "unique_rows", ratio, told, numbers=numbers)


def _misidentified(evidence: Evidence, part: "pa.RecordBatch") -> dict[str, int]:
    """Return how many rows of a part are wrong in each column."""
    product = evidence.product
    expected = {
        "product": product.name,
        "as_of": evidence.as_of,
        "prediction_date": evidence.as_of.date(),
        "model_version": evidence.model_version,
        "release_id": evidence.release_id,
    }
    return {
        **{name: _differing(part, name, value) for name, value in expected.items()},
        "event_at": _after(part, "event_at", evidence.as_of),
        "row_key": _misnamed(part, "row_key", product.entity.row_keys),
        "entity_id": _misnamed(part, "entity_id", product.entity.row_keys[:1]),
        "label": _mislabelled(product, part),
    }


def _outside(score: Score, found: list[Any]) -> int:
    values = np.array([np.nan if value is None else value for value in found], dtype=float)
    is_null = np.array([value is None for value in found], dtype=bool)
    is_inside = (values >= score.low) & (values <= score.high)
    if score.kind == "class":
        is_inside &= values == np.floor(values)
    return int((~is_inside & ~is_null).sum())


def _differing(part: "pa.RecordBatch", name: str, expected: object) -> int:
    if name in part.schema.names and part.column(name).unique().to_pylist() == [expected]:
        return 0  # nearly always, and quick
    return sum(value != expected for value in values_of(part, name))


def _after(part: "pa.RecordBatch", name: str, latest: dt.datetime) -> int:
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.compute as pc  # noqa: PLC0415 - the same

    instant = pa.timestamp("us", tz="UTC")
    if name not in part.schema.names or part.column(name).type != instant:
        return sum(not isinstance(value, dt.datetime) or value > latest for value in values_of(part, name))
    is_after = pc.fill_null(pc.greater(part.column(name), pa.scalar(latest, instant)), fill_value=True)
    return int(pc.sum(is_after).as_py() or 0)


def _mislabelled(product: Product, part: "pa.RecordBatch") -> int:
    """Return how many rows bear a label that does not follow from their score."""
    scores = numbers_of(values_of(part, "score")).tolist()
    labels = values_of(part, "label")
    return sum(label != label_of(product, score) for label, score in zip(labels, scores, strict=True))


def _misnamed(part: "pa.RecordBatch", name: str, keys: Sequence[str]) -> int:
    """Return how many rows have a text key that is empty or is not that of their key columns."""
    columns = [values_of(part, key) for key in keys]
    told = zip(values_of(part, name), *columns, strict=True)
    return sum(not found or found != names.row_key(values) for found, *values in told)
