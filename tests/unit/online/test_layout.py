"""The manifest and the names of keys."""

import msgspec
import pytest

from platform_assets.errors import SnapshotCorruptError
from platform_assets.online.layout import (
    Manifest,
    ViewLayout,
    build_manifest,
    manifest_key,
    pointer_key,
    row_prefix,
)

SLOTS = ViewLayout(name="slots", join_keys=("bay", "slot"), columns=("usual",), max_age_seconds=60.0)
RECENT = ViewLayout(name="recent", join_keys=("bay",), columns=("last", "capacity"))
STATIC = ViewLayout(name="static", join_keys=("bay", "slot"), columns=("weekday",))


def test_views_with_the_same_join_keys_share_a_packed_value() -> None:
    first, second = build_manifest("parking_v1", [SLOTS, RECENT, STATIC]).key_sets
    assert (first.join_keys, first.columns, first.width) == (("bay", "slot"), ("usual", "weekday"), 5)
    assert (second.join_keys, second.columns, second.width) == (("bay",), ("last", "capacity"), 4)


def test_the_columns_of_a_manifest_follow_its_views() -> None:
    assert build_manifest("parking_v1", [SLOTS, RECENT, STATIC]).columns == ("usual", "last", "capacity", "weekday")


def test_a_manifest_survives_json() -> None:
    manifest = build_manifest("parking_v1", [SLOTS, RECENT])
    assert msgspec.json.decode(msgspec.json.encode(manifest), type=Manifest) == manifest


def test_the_schema_hash_is_the_same_in_every_process() -> None:
    assert build_manifest("parking_v1", [SLOTS, RECENT]).schema_hash == "911fdfd7c37dacdc"


@pytest.mark.parametrize(
    "views",
    [
        pytest.param([RECENT, SLOTS], id="order of views"),
        pytest.param([SLOTS, msgspec.structs.replace(RECENT, columns=("capacity", "last"))], id="order of columns"),
        pytest.param([SLOTS, msgspec.structs.replace(RECENT, join_keys=("car_park",))], id="join keys"),
    ],
)
def test_the_schema_hash_changes_with_the_meaning_of_the_bytes(views: list[ViewLayout]) -> None:
    assert build_manifest("parking_v1", views).schema_hash != build_manifest("parking_v1", [SLOTS, RECENT]).schema_hash


def test_another_maximum_age_needs_no_row_to_be_written_again() -> None:
    older = msgspec.structs.replace(SLOTS, max_age_seconds=600.0)
    assert build_manifest("p_v1", [older]).schema_hash == build_manifest("p_v1", [SLOTS]).schema_hash


@pytest.mark.parametrize("service", ["", "a b", "a{b}", "a:b", "a*"])
def test_a_service_name_that_would_break_a_key_is_refused(service: str) -> None:
    with pytest.raises(SnapshotCorruptError, match="its name"):
        build_manifest(service, [SLOTS])


def test_a_column_that_stands_twice_is_refused() -> None:
    twice = msgspec.structs.replace(RECENT, columns=("usual",))
    with pytest.raises(SnapshotCorruptError, match="'usual'"):
        build_manifest("parking_v1", [SLOTS, twice])


def test_all_keys_of_a_service_share_a_hash_tag_and_no_two_kinds_collide() -> None:
    keys = [pointer_key("churn_v1"), manifest_key("churn_v1", "a"), row_prefix("churn_v1", "a", 1)]
    assert keys == [b"snap:{churn_v1}:ptr", b"snap:{churn_v1}:manifest:a", b"snap:{churn_v1}:a:1:"]
