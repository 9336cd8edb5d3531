"""Every derived name, in one place: nobody else builds one."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Literal

AssetNoun = Literal[
    "training_set",
    "preprocessor",
    "model",
    "evaluation",
    "release",
    "predictions",
    "published_predictions",
    "online_snapshot",
    "endpoint",
    "experiments",
    "streamed_features",
    "drift",
    "outcomes",
]
PairHalf = Literal["preprocessor", "model"]
PredictionMode = Literal["batch", "online"]
ALIAS = "production"
CANDIDATE_ALIAS = "candidate"
PREDICTION_STREAM = "log:predictions"
PREDICTION_DIGEST_LENGTH = 24  # hexadecimal digits
PREDICTION_TOPIC = "log.predictions"  # Kafka allows no colon
CACHED_PREDICTION = "pc:1:"  # 1: the layout of the value


def asset_key(product: str, noun: AssetNoun) -> tuple[str, str]:
    """Return the Dagster asset key of one part of a product."""
    return (product, noun)


def raw_key(dataset: str) -> tuple[str, str]:
    """Return the Dagster asset key of a raw data set."""
    return ("raw", dataset)


def staging_key(model: str) -> tuple[str, str]:
    """Return the Dagster asset key of a dbt staging model."""
    return ("staging", model)


def feature_view_key(view: str) -> tuple[str, str]:
    """Return the Dagster asset key of a feature view."""
    return ("features", view)


def registered_model(product: str, half: PairHalf) -> str:
    """Return the name under which MLflow registers one half of the pair."""
    return f"{product}_{half}"


def feature_service(product: str, version: int) -> str:
    """Return the Feast feature service of a product, also the name of its online snapshot."""
    return f"{product}_v{version}"


def last_batch_service(product: str) -> str:
    """Return the name of the online snapshot that holds the last published batch prediction per entity."""
    return f"{product}_last_batch"


def job_name(product: str, activity: str) -> str:
    """Return the Dagster job of one activity (train, score, publish) of a product."""
    return f"{product}_{activity}"


def model_partitions(product: str) -> str:
    """Return the name of the dynamic partitions that list the model versions of a product."""
    return f"{product}_model_versions"


def experiment_partitions(product: str) -> str:
    """Return the name of the dynamic partitions that list the experiments of a product."""
    return f"{product}_experiments"


def prediction_id(product: str, as_of: dt.datetime, digest: str, mode: PredictionMode) -> str:
    """Return the id of a prediction: product, day, mode and digest, so that a lookup prunes partitions."""
    return f"{product}-{as_of.year:04}{as_of.month:02}{as_of.day:02}-{mode[0]}-{digest[:PREDICTION_DIGEST_LENGTH]}"


def row_key(values: Sequence[object]) -> str:
    """Return the text that identifies one prediction of a batch; instants as ISO 8601 in UTC."""
    return "|".join(value.isoformat() if isinstance(value, dt.datetime) else str(value) for value in values)


def batch_prediction_id(product: str, as_of: dt.datetime, key: str, *, release_id: str, input_artifact: str) -> str:
    """Return the id of a row of a batch; whoever knows what the row was made from gets the same one."""
    told = f"{product}\0{as_of.isoformat()}\0{key}\0{release_id}\0{input_artifact}"
    return prediction_id(product, as_of, hashlib.blake2b(told.encode(), digest_size=16).hexdigest(), "batch")


def parse_prediction_id(text: str) -> tuple[str, dt.date, PredictionMode] | None:
    """Return (product, day, mode) of a prediction id, or None when the text is not one."""
    parts = text.rsplit("-", 3)
    expected_parts = 4
    if len(parts) != expected_parts or parts[2] not in {"b", "o"}:
        return None
    try:
        day = dt.datetime.strptime(parts[1], "%Y%m%d").replace(tzinfo=dt.UTC).date()
    except ValueError:
        return None
    return parts[0], day, "batch" if parts[2] == "b" else "online"
