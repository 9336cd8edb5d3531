"""What travels over HTTP: the request and the answer of POST /v1/predict, as typed structs."""

import datetime as dt
from typing import Annotated

import msgspec

from platform_assets.contract.explanation import ToldExplanation
from platform_assets.contract.prediction_log import FallbackUsed, Reason
from platform_assets.serving.json_body import read_json
from platform_assets.serving.limits import MAX_NAME_LENGTH, MAX_TEXT_LENGTH

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT_LENGTH)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_NAME_LENGTH)]
Value = Annotated[str, msgspec.Meta(max_length=MAX_TEXT_LENGTH)] | float | int | bool | None
Row = dict[Name, Value]


class PredictRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exactly one of three forms: `product` + `entities`, `product` + `rows`, or `model` + `features` (one row).

    Rows carry row keys and request fields, and may carry stored features, which then replace the looked-up ones.
    Values are scalars, so a body is never nested deeper than three levels. `event_at` is ISO 8601 text. With `explain`
    each answer tells which inputs made its score, where the product declares an explanation.
    """

    product: Name | None = None
    entities: list[Text] | None = None
    rows: list[Row] | None = None
    model: Name | None = None
    features: Row | None = None
    event_at: Name | None = None
    explain: bool = False


class PlainRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A PredictRequest whose rows are still JSON text, to be decoded by the type of its product's rows."""

    product: Name | None = None
    entities: list[Text] | None = None
    rows: msgspec.Raw = msgspec.Raw()
    model: Name | None = None
    features: msgspec.Raw = msgspec.Raw()
    event_at: Name | None = None

    @property
    def only_product(self) -> str | None:
        """The product, when the request names it once and has exactly one form; else None."""
        n_forms = (self.entities is not None) + bool(self.rows) + bool(self.features)
        if n_forms != 1 or (self.product is None) == (self.model is None):
            return None
        return self.product or self.model


class Answer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The answer for one row; every consumer decision is in `action_allowed`, every degradation in `reason`.

    `age_seconds` is the age of the stored features (or of the batch for a last_batch fallback) at `event_at`, measured
    on the view that is closest to its limit `max_age_seconds`; both are null where no stored feature was read.
    `cache_hit` tells that an earlier score for the same inputs was given again, `missing_features` names the feature
    views that had no row for the entity. `explanation` is there only where it was asked for, and null for a fallback.
    """

    prediction_id: str
    product: str
    entity_id: str
    score: float | None
    label: str | None
    uncertainty: float | None
    is_valid: bool
    release_id: str
    model_version: int
    feature_version: str
    output_schema_version: int
    as_of: dt.datetime | None
    event_at: dt.datetime
    age_seconds: float | None
    max_age_seconds: float | None
    is_stale: bool
    action_allowed: bool
    fallback: FallbackUsed
    reason: Reason | None
    missing_features: tuple[str, ...]
    engine: str
    device: str
    cache_hit: bool
    latency_ms: float
    explanation: ToldExplanation | msgspec.UnsetType | None = msgspec.UNSET


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of a call, in the order of the request.

    Every row names its release, all rows of an entity the same; `release_id` is that of the first row.
    """

    request_id: str
    product: str
    release_id: str
    latency_ms: float
    predictions: list[Answer]


class SingleAnswer(Answer, frozen=True, kw_only=True, gc=False):
    """The answer of the single form: an answer with the documented names `prediction` and `confidence` (R399, R400).

    `confidence` is the probability of the label that is given; null where the score is no probability.
    """

    request_id: str
    prediction: float | None
    confidence: float | None


_REQUESTS = msgspec.json.Decoder(PredictRequest)
_PLAIN_REQUESTS = msgspec.json.Decoder(PlainRequest)


def read_plain_request(body: bytes) -> PlainRequest | None:
    """Return the request of a body without looking into its rows; None for one that `read_request` has to judge."""
    try:
        return _PLAIN_REQUESTS.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def read_request(body: bytes) -> PredictRequest:
    """Return the request of a body. Raises UnreadableBodyError (400) and MalformedRequestError (422) with the path."""
    return read_json(_REQUESTS, body)
