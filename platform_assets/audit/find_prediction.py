"""Finds one prediction by its id: a row of a prediction table or an answer in the prediction log."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from platform_assets.audit.batch_answers import publication_behind
from platform_assets.contract import names
from platform_assets.errors import NotMaterializedError, UnknownPredictionError, UnknownRecordError
from platform_assets.lakehouse.read import read_table
from platform_assets.ledger.artifacts import artifact_id
from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.publications import publications
from platform_assets.settings import Settings

_PRODUCT = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class FoundPrediction:
    """A prediction as it was given, and the artifacts that it was made from."""

    mode: Literal["batch", "online"]
    facts: Mapping[str, str]
    inputs: Sequence[str]


def find_prediction(settings: Settings, prediction_id: str) -> FoundPrediction:
    """Return a prediction by its id; raises UnknownPredictionError.

    Raises UnknownRecordError when an answer came from a published batch that the ledger does not know.
    """
    parsed = names.parse_prediction_id(prediction_id)
    if parsed is None or not _PRODUCT.fullmatch(parsed[0]):  # the product becomes a part of a path
        raise UnknownPredictionError(prediction_id=prediction_id)
    product, day, mode = parsed
    try:
        if mode == "batch":
            return _batch(settings, prediction_id, product, day)
        return _online(settings, prediction_id, product)
    except NotMaterializedError as error:
        raise UnknownPredictionError(prediction_id=prediction_id) from error


def _batch(settings: Settings, prediction_id: str, product: str, day: dt.date) -> FoundPrediction:
    # The day is in the id, so only one partition of the table is read.
    filters = [("prediction_date", "=", day), ("prediction_id", "=", prediction_id)]
    row = _only(read_table(settings.predictions_dir / product, filters=filters).to_pylist(), prediction_id)
    return FoundPrediction(
        mode="batch",
        facts=_facts(row),
        inputs=[row["input_artifact"], artifact_id("release", product, row["release_id"])],
    )


def _online(settings: Settings, prediction_id: str, product: str) -> FoundPrediction:
    filters = [("product", "=", product), ("prediction_id", "=", prediction_id)]
    row = _only(read_table(settings.prediction_log_dir, filters=filters).to_pylist(), prediction_id)
    inputs = _batch_inputs(settings, product, row) if row["fallback"] == "last_batch" else _live_inputs(product, row)
    return FoundPrediction(mode="online", facts=_facts(row), inputs=inputs)


def _live_inputs(product: str, row: Mapping[str, Any]) -> list[str]:
    inputs = [artifact_id("release", product, row["release_id"])]
    if row["snapshot_id"] is not None:
        inputs.insert(0, artifact_id("online_snapshot", product, row["snapshot_id"]))
    return inputs


def _batch_inputs(settings: Settings, product: str, row: Mapping[str, Any]) -> list[str]:
    """Return the publication that a fallback answer was taken from, not the release that was live at that moment."""
    day, version = row["as_of"].astimezone(dt.UTC).date().isoformat(), row["model_version"]
    recorded = publications(open_ledger(settings.ledger_dsn), product, day)
    behind = publication_behind([one for one in recorded if one.model_version == version], row)
    if behind is None:
        remedy = "restore the ledger that recorded it"
        raise UnknownRecordError(kind="publication", key=f"{product} as of {day} version {version}", remedy=remedy)
    return [artifact_id("publication", product, behind.digest)]


def _only(rows: list[dict[str, Any]], prediction_id: str) -> dict[str, Any]:
    if not rows:
        raise UnknownPredictionError(prediction_id=prediction_id)
    return rows[0]


def _facts(row: Mapping[str, object]) -> dict[str, str]:
    return {
        name: value.isoformat() if isinstance(value, dt.datetime | dt.date) else str(value)
        for name, value in row.items()
        if value is not None
    }
