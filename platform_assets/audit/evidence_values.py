"""The values that a prediction was made from: each feature with its view, and the fields of the request."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from platform_assets.audit.find_prediction import FoundPrediction, find_prediction
from platform_assets.audit.id_index import row_at
from platform_assets.audit.trace import TraceNode, nodes_of
from platform_assets.clock import midnight
from platform_assets.contract import names
from platform_assets.contract.product import Product
from platform_assets.errors import UnknownPredictionError
from platform_assets.inference.logged_inputs import row_keys_of
from platform_assets.ledger.artifacts import get_artifact
from platform_assets.ledger.database import Ledger
from platform_assets.settings import Settings

_REQUEST = "request"
_KEYS = "population"


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """One value as the model got it. `source` is a feature view, the request or the population of the batch.

    `version` is that of the view, `build` the id of the build of its history; empty for what is no feature.
    """

    name: str
    value: str
    source: str
    version: str = ""
    build: str = ""


def values_of(
    settings: Settings, ledger: Ledger, found: FoundPrediction, chain: TraceNode, declared: Product | None
) -> tuple[list[Value], list[str]]:
    """Return the values of a prediction, and why some cannot be told."""
    if declared is None:
        return [], ["values: without the declaration of its release nobody can name them"]
    if found.mode == "online":
        if found.row["fallback"] == "last_batch":
            return _of_last_batch(settings, ledger, found, chain, declared)
        return _of_answer(found.row, chain, declared)
    row = _inputs_of(settings, ledger, found, declared)
    if row is None:
        return [], [f"values: the file of {found.inputs[0]} is gone or has not this row"]
    stored = {name: row.get(name) for name in declared.stored_columns}
    asked = {field.name: row.get(field.name) for field in declared.request}
    keys = {name: row.get(name) for name in declared.entity.row_keys}
    return [*_plain(keys, _KEYS), *_plain(asked, _REQUEST), *_features(stored, chain, declared)], []


def _of_answer(row: Mapping[str, Any], chain: TraceNode, declared: Product) -> tuple[list[Value], list[str]]:
    request, keys = (json.loads(row[name] or "{}") for name in ("request", "row_keys"))
    sent = [*_plain(keys, _KEYS), *_plain(request, _REQUEST)]
    features: Sequence[float | None] = row["features"] or []
    if features and len(features) != len(declared.stored_columns):
        return sent, [f"features: {len(features)} are logged, and the release reads {len(declared.stored_columns)}"]
    stored = dict(zip(declared.stored_columns, features, strict=False))  # none where no feature was read
    return [*sent, *_features(stored, chain, declared)], []


def _of_last_batch(
    settings: Settings, ledger: Ledger, found: FoundPrediction, chain: TraceNode, declared: Product
) -> tuple[list[Value], list[str]]:
    """Return the values of the row of the batch that the answer was taken from."""
    links = {node.kind: node.id for node in nodes_of(chain)}
    digests = {node.kind: node.digest for node in nodes_of(chain)}
    batch_id = names.batch_prediction_id(
        found.product,
        midnight(found.row["as_of"].date()),
        names.row_key(row_keys_of(declared, found.row)),
        release_id=digests.get("release", ""),
        input_artifact=links.get("batch_input", ""),
    )
    try:
        row = find_prediction(settings, batch_id)
    except UnknownPredictionError:
        return [], [f"values: the batch has no row {batch_id}"]
    values, missing = values_of(settings, ledger, row, chain, declared)
    return [Value(name="batch prediction", value=batch_id, source="last batch"), *values], missing


def _inputs_of(
    settings: Settings, ledger: Ledger, found: FoundPrediction, declared: Product
) -> Mapping[str, Any] | None:
    """Return the inputs of a row: the file has its rows in the order of the batch."""
    artifact = get_artifact(ledger, found.inputs[0])
    day = str(artifact.details.get("as_of", ""))
    here = settings.lake_dir / "batch_inputs" / found.product / day / f"{artifact.digest[:16]}.parquet"
    path = here if here.exists() else Path(artifact.uri)
    row = row_at(path, found.place) if path.exists() else None
    if row is not None and names.row_key([row[name] for name in declared.entity.row_keys]) == found.row["row_key"]:
        return row
    return _searched(path, found.row, declared) if path.exists() else None


def _searched(path: Path, wanted: Mapping[str, Any], declared: Product) -> Mapping[str, Any] | None:
    """Return the inputs of a row by its keys, for a file in another order."""
    import pyarrow.compute as pc  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415

    filters = None
    for name in declared.entity.row_keys:
        same = pc.field(name) == wanted[name]
        filters = same if filters is None else filters & same
    rows = pq.read_table(path, filters=filters).to_pylist()
    return rows[0] if rows else None


def _plain(values: Mapping[str, Any], source: str) -> list[Value]:
    return [Value(name=name, value=_told(value), source=source) for name, value in values.items()]


def _features(values: Mapping[str, Any], chain: TraceNode, declared: Product) -> list[Value]:
    builds = {node.facts["name"]: node.id for node in nodes_of(chain) if node.kind == "feature_history"}
    version = str(declared.features.version)
    return [
        Value(name=name, value=_told(values[name]), source=use.view, version=version, build=builds.get(use.view, ""))
        for use in declared.features.views
        for name in use.columns
        if name in values
    ]


def _told(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - only NaN is not itself
        return "missing"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
