"""What is encoded anew for each call and for each row; everything else of an entry and an answer is a form."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from platform_assets.serving.cache.prediction import Prediction
from platform_assets.serving.row_types import RowTuple
from platform_assets.serving.values import Scalar


class LoggedCall(msgspec.Struct, gc=False):
    """The part of a log entry that the rows of a call share."""

    request_id: str
    event_at: dt.datetime
    predicted_at: dt.datetime
    latency_ms: float


class LoggedRow(msgspec.Struct, gc=False):
    """The part of a log entry that each row has to itself."""

    prediction_id: str
    entity_id: str
    row_keys: dict[str, str]
    score: float
    label: str | None
    confidence: float | None
    uncertainty: float | None
    features: list[float]
    request: dict[str, Scalar]
    cache_hit: bool


class ToldCall(msgspec.Struct, gc=False):
    """The part of an answer that the rows of a call share."""

    event_at: dt.datetime
    latency_ms: float


class ToldRow(msgspec.Struct, gc=False):
    """The part of an answer that each row has to itself."""

    prediction_id: str
    entity_id: str
    score: float
    label: str | None
    uncertainty: float | None
    cache_hit: bool


class ToldSingle(msgspec.Struct, gc=False):
    """What the single form says besides."""

    request_id: str
    prediction: float
    confidence: float | None


class ToldWhole(msgspec.Struct, gc=False):
    """What is said of a whole call."""

    request_id: str
    latency_ms: float


class PlainCall(msgspec.Struct, gc=False):
    """A call whose rows were all scored by the model from what was sent: nothing is stale, missing or in doubt.

    `features` [rows][stored columns] are as the model saw them; every prediction is valid.
    """

    logged: LoggedCall
    is_single: bool
    ids: Sequence[str]
    rows: Sequence[RowTuple]
    features: Sequence[list[float]]
    predictions: Sequence[Prediction]
    is_hit: Sequence[bool]


class Written(msgspec.Struct, gc=False):
    """A call as it goes out: its log entries, its answer, and the label and score of each row."""

    entries: list[bytes]
    answer: bytes
    labels: list[str | None]
    scores: list[float]
