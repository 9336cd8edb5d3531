"""What travels as the last published batch predictions of some entities."""

import datetime as dt
from typing import Literal

import msgspec

BatchPlace = Literal["online_store", "endpoint_copy"]


class LastPrediction(msgspec.Struct, frozen=True, kw_only=True):
    """The last published batch prediction of one entity; `row_keys` are its keys as they were asked for.

    `age_seconds` is the age of the batch at `event_at` of the answer; beyond `max_age_seconds`, the batch's own promise
    of freshness, it is shown and not to be acted on. Neither is one whose run or sources are older than promised.
    """

    entity_id: str
    row_keys: dict[str, str]
    score: float
    label: str | None
    uncertainty: float | None
    model_version: int
    output_schema_version: int
    as_of: dt.datetime
    age_seconds: float
    max_age_seconds: float
    is_stale: bool
    action_allowed: bool


class LastPredictions(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of GET /v1/predictions/{product}, in the order of the query.

    `missing` holds the row keys of the entities that the last batch does not have. `source` is `endpoint_copy` where
    the online store gave nothing: then a batch that was published a moment ago may not be in it yet.
    """

    request_id: str
    product: str
    source: BatchPlace
    event_at: dt.datetime
    predictions: list[LastPrediction]
    missing: list[dict[str, str]]
