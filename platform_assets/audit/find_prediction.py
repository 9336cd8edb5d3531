"""Finds one prediction by its id: a row of a prediction table or an answer in the prediction log."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from platform_assets.audit.batch_answers import publication_behind
from platform_assets.audit.id_index import IdIndex, Located
from platform_assets.contract import names
from platform_assets.errors import NotMaterializedError, UnknownPredictionError, UnknownRecordError
from platform_assets.ledger.artifacts import artifact_id
from platform_assets.ledger.database import open_ledger
from platform_assets.ledger.publications import publications
from platform_assets.settings import Settings

_PRODUCT = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class FoundPrediction:
    """A prediction as it was given, and the artifacts that it was made from; `row` is that of its table.

    `place` is that of the row in its file: of a batch row, also that of its inputs in theirs.
    """

    mode: Literal["batch", "online"]
    product: str
    row: Mapping[str, Any]
    inputs: Sequence[str]
    place: int

    @property
    def facts(self) -> dict[str, str]:
        """The row as text; what it does not say is left out."""
        return {name: _as_text(value) for name, value in self.row.items() if value is not None}


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
        return _online(settings, prediction_id, product, day)
    except NotMaterializedError as error:
        raise UnknownPredictionError(prediction_id=prediction_id) from error


def batch_index(settings: Settings, product: str) -> IdIndex:
    """Return the index of the prediction table of a product."""
    return IdIndex(settings.predictions_dir / product, settings.index_dir / "predictions" / product)


def log_index(settings: Settings) -> IdIndex:
    """Return the index of the prediction log."""
    return IdIndex(settings.prediction_log_dir, settings.index_dir / "prediction_log")


def _batch(settings: Settings, prediction_id: str, product: str, day: dt.date) -> FoundPrediction:
    folder = f"prediction_date={day.isoformat()}/model_version=*"
    found = _known(batch_index(settings, product).find(prediction_id, first=folder, folders=folder), prediction_id)
    row = {**found.row, "model_version": int(found.row["model_version"])}
    inputs = [row["input_artifact"], artifact_id("release", product, row["release_id"])]
    return FoundPrediction("batch", product, row, inputs, found.place)


def _online(settings: Settings, prediction_id: str, product: str, day: dt.date) -> FoundPrediction:
    # The day in the id is that of the event, which is the day of the answer but for replayed time.
    folders = f"product={product}/predicted_date="
    found = _known(
        log_index(settings).find(prediction_id, first=f"{folders}{day.isoformat()}", folders=f"{folders}*"),
        prediction_id,
    )
    row = found.row
    inputs = _batch_inputs(settings, product, row) if row["fallback"] == "last_batch" else _live_inputs(product, row)
    return FoundPrediction("online", product, row, inputs, found.place)


def _live_inputs(product: str, row: Mapping[str, Any]) -> list[str]:
    inputs = [artifact_id("release", product, row["release_id"])]
    if row["snapshot_id"] is not None:
        inputs.insert(0, artifact_id("online_snapshot", product, row["snapshot_id"]))
    return inputs


def _batch_inputs(settings: Settings, product: str, row: Mapping[str, Any]) -> list[str]:
    """Return the publication that a fallback answer was taken from, not the release that was live at that moment."""
    day, version = row["as_of"].astimezone(dt.UTC).date().isoformat(), row["model_version"]
    recorded = publications(open_ledger(settings.ledger_dsn), product, day)
    behind = publication_behind([one for one in recorded if one.model_version == version], row["predicted_at"])
    if behind is None:
        remedy = "restore the ledger that recorded it"
        raise UnknownRecordError(kind="publication", key=f"{product} as of {day} version {version}", remedy=remedy)
    return [artifact_id("publication", product, behind.digest)]


def _known(found: Located | None, prediction_id: str) -> Located:
    if found is None:
        raise UnknownPredictionError(prediction_id=prediction_id)
    return found


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, dt.datetime | dt.date) else str(value)
