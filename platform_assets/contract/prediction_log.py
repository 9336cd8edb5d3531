"""One entry of the prediction log: what the endpoint answered, from which inputs, by which release (R389-R398)."""

import datetime as dt
from typing import Any, Literal

import msgspec

from platform_assets.contract.experiments import Assigned, Chosen
from platform_assets.contract.online import FallbackKind

FallbackUsed = Literal["none"] | FallbackKind
Reason = Literal[
    "missing_features",  # scored, but a feature view had no row for the entity
    "stale_features",  # scored, but from features older than the product allows
    "unknown_entity",  # the snapshot has no row and the request alone cannot be scored
    "online_store_unavailable",
    "snapshot_missing",  # the store answers but holds no snapshot of the service
    "snapshot_corrupt",
    "snapshot_mismatch",  # the snapshot has other columns than the release was trained on
    "engine_error",
    "engine_timeout",  # the scores were not there in the declared time
    "invalid_score",  # the output guard refused what the model said
    "switched_off",  # somebody switched the model of the product off
]

# The reasons that lie with a release itself; all others lie with what is stored or with the store.
MODEL_FAILURES: frozenset[Reason] = frozenset({"engine_error", "engine_timeout", "invalid_score"})


class PredictionLogEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row of an answer. It travels as MessagePack with field names, so that fields can be added.

    `features` are the stored features in the order of the product's `stored_columns`, as the model saw them (NaN for
    missing; empty where none were read); `request` holds the request fields as sent, instants as ISO 8601 text.
    `score` is None where no score was given. `as_of` is the instant of the snapshot or of the batch that answered.
    `confidence` is the probability of the label, None where the score is no probability.
    `snapshot_id` with `snapshot_epoch` names the content that was read, also after a rollback.
    `experiment_id` names the rollout or experiment that the answer is part of, `variant` what of it answered and
    `chosen` how that was chosen. All are None where one release answers everything, the id alone where the caller named
    a release while nothing was under way. `unit` is the digest of the user that it was chosen for, None where it was
    chosen for the entity or the request. `sent` names the stored features that the caller sent in place of some that
    were read, None where all or none were sent. `streamed` names those that events gave since the snapshot was made,
    also where the caller sent one of them; None where they gave none.
    """

    prediction_id: str
    request_id: str
    product: str
    entity_id: str
    row_keys: dict[str, str]
    event_at: dt.datetime
    as_of: dt.datetime | None
    predicted_at: dt.datetime
    score: float | None
    label: str | None
    confidence: float | None
    uncertainty: float | None
    is_valid: bool
    release_id: str
    model_version: int
    feature_version: str
    output_schema_version: int
    bundle_digest: str
    snapshot_id: str | None
    snapshot_epoch: int | None
    features: list[float]
    request: dict[str, str | float | int | bool | None]
    fallback: FallbackUsed
    reason: Reason | None
    is_stale: bool
    action_allowed: bool
    engine: str
    device: str
    latency_ms: float
    cache_hit: bool = False
    experiment_id: str | None = None
    variant: str | None = None
    chosen: Chosen | None = None
    unit: str | None = None
    sent: list[str] | None = None
    streamed: list[str] | None = None


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(PredictionLogEntry)


def told_of(assigned: Assigned | None) -> dict[str, Any]:
    """Return the fields of an entry that tell of its assignment; none where one release answers everything."""
    if assigned is None:
        return {}
    return {
        "experiment_id": assigned.experiment or None,
        "variant": assigned.variant,
        "chosen": assigned.chosen,
        "unit": assigned.unit,
    }


def encode_entry(entry: PredictionLogEntry) -> bytes:
    """Return an entry as MessagePack."""
    return _ENCODER.encode(entry)


def decode_entry(content: bytes) -> PredictionLogEntry:
    """Read an entry; raises msgspec.DecodeError for bytes that are none. NaN features survive the round trip."""
    return _DECODER.decode(content)
