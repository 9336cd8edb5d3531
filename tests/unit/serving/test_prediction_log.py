"""Entries of the prediction log on their way from the endpoint to the drain."""

import math

import msgspec
import pytest

from platform_assets.contract.prediction_log import PredictionLogEntry, decode_entry, encode_entry
from tests.unit.serving.conftest import AS_OF, WALL

ENTRY = PredictionLogEntry(
    prediction_id="churn-20111209-o-abc",
    request_id="r",
    product="churn",
    entity_id="13085",
    row_keys={"customer_id": "13085"},
    event_at=AS_OF,
    as_of=None,
    predicted_at=WALL,
    score=0.1 + 0.2,
    label=None,
    confidence=None,
    uncertainty=None,
    is_valid=True,
    release_id="r1",
    model_version=1,
    feature_version="f",
    output_schema_version=1,
    bundle_digest="d",
    snapshot_id=None,
    snapshot_epoch=None,
    features=[1.5, math.nan, 0.1],
    request={"order_gbp": 0.1, "country": None, "is_gift": True},
    fallback="none",
    reason=None,
    is_stale=False,
    action_allowed=True,
    engine="lightgbm",
    device="cpu",
    latency_ms=1.5,
)


def test_an_entry_survives_the_stream_bit_by_bit() -> None:
    read = decode_entry(encode_entry(ENTRY))
    assert msgspec.structs.replace(read, features=[]) == msgspec.structs.replace(ENTRY, features=[])
    assert read.features[0] == 1.5
    assert math.isnan(read.features[1])
    assert read.features[2] == 0.1


def test_an_entry_with_a_field_of_a_later_version_is_still_read() -> None:
    fields = msgspec.msgpack.decode(encode_entry(ENTRY))
    later = msgspec.msgpack.encode({**fields, "variant": "b"})
    assert decode_entry(later).prediction_id == ENTRY.prediction_id


def test_bytes_that_are_no_entry_are_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_entry(b"\x00")
