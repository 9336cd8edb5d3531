"""From buckets to features at an instant: what the batch counted is never counted again, and nothing older wins."""

import datetime as dt
import math
from collections.abc import Sequence

import msgspec
import pytest

from platform_assets.clock import epoch_seconds
from platform_assets.contract.features import FeatureViewUse
from platform_assets.contract.streaming import StreamedColumn, StreamingFeatures, broken_streaming_rules
from platform_assets.online.streaming.buckets import Base, Buckets, fold
from platform_assets.online.streaming.refresh import Refreshed, Stored, refresh
from tests.unit.online.streaming.purchases import NOON, PURCHASES, purchase, ready
from tests.unit.serving.conftest import product_named

HOUR = dt.timedelta(hours=1)
TOTALS = {"total_purchases": 10.0, "total_amount": 100.0}


def state(*hours_ago: int, streaming: StreamingFeatures = PURCHASES, amount: float = 2.5) -> Buckets:
    events = [ready(purchase(n, at=NOON - HOUR * ago, amount=amount), streaming) for n, ago in enumerate(hours_ago)]
    return fold(event.counted for event in events)


def at(hours_ago: float) -> float:
    return epoch_seconds(NOON - HOUR * hours_ago)


def totals(buckets: Buckets, *, as_of: float, values: dict[str, float] | None = None) -> dict[str, float] | None:
    found = refresh(PURCHASES, buckets, None, Stored(as_of, as_of, values or TOTALS), at(0))
    return found.values if found else None


def test_a_counter_is_the_snapshot_plus_what_came_after_its_as_of() -> None:
    assert totals(state(6, 5, 2, 1), as_of=at(4)) == {"total_purchases": 12.0, "total_amount": 105.0}


def test_the_next_snapshot_drops_what_it_contains_and_an_earlier_one_gets_it_back() -> None:
    buckets = state(6, 5, 2, 1)
    later = totals(buckets, as_of=at(1), values={"total_purchases": 11.0, "total_amount": 102.5})
    assert later == totals(buckets, as_of=at(4))
    assert totals(buckets, as_of=at(7), values={"total_purchases": 8.0, "total_amount": 95.0}) == later


def test_a_counter_begins_at_zero_where_the_snapshot_has_none() -> None:
    nothing = dict.fromkeys(TOTALS, math.nan)
    assert totals(state(2), as_of=at(4), values=nothing) == {"total_purchases": 1.0, "total_amount": 2.5}


def test_a_snapshot_older_than_what_is_kept_is_not_added_to() -> None:
    assert totals(state(2, 1), as_of=at(26)) is None


def test_nothing_is_refreshed_where_no_event_came() -> None:
    assert totals({}, as_of=at(4)) is None
    assert totals(state(6, 5), as_of=at(4)) is None


ROWS = msgspec.structs.replace(
    PURCHASES,
    columns=(
        StreamedColumn(column="spent", operation="latest", measure="spent"),
        StreamedColumn(column="spent_before", operation="lag", measure="spent", back=(1,)),
        StreamedColumn(column="spent_at", operation="event_at"),
    ),
)


def row(buckets: Buckets, base: Base | None, *, event_time: float = at(20), now: float = at(0)) -> Refreshed | None:
    return refresh(ROWS, buckets, base, Stored(event_time, at(12), {}), now)


def test_a_row_is_that_of_the_newest_event_whichever_side_knows_its_lag() -> None:
    base = Base(closed_until=at(2), firsts={int(at(2)): (at(2) + 5.0, 7.0)})
    found = row(state(1, streaming=ROWS), base)
    assert found is not None
    assert found.values == {"spent": 2.5, "spent_before": 7.0, "spent_at": at(1)}
    assert found.event_time == at(1)


def test_a_bucket_that_both_know_counts_once_with_its_earlier_event() -> None:
    base = Base(closed_until=at(2), firsts={int(at(1)): (at(1) + 60.0, 9.0)})
    found = row(state(1, streaming=ROWS), base)
    assert found is not None
    assert (found.values["spent"], found.values["spent_at"]) == (2.5, at(1))


def test_what_the_batch_did_not_count_of_a_closed_time_is_not_counted() -> None:
    assert row(state(3, streaming=ROWS), Base(closed_until=at(2), firsts={})) is None


@pytest.mark.parametrize("base", [None, Base(closed_until=at(26), firsts={})])
def test_the_snapshot_answers_alone_where_events_do_not_join_on_to_the_batch(base: Base | None) -> None:
    assert row(state(1, streaming=ROWS), base) is None


def test_an_older_event_never_replaces_a_newer_row_of_the_snapshot() -> None:
    assert row(state(1, streaming=ROWS), Base(closed_until=at(2), firsts={}), event_time=at(0.5)) is None


def test_what_happens_later_than_the_instant_asked_for_is_not_known_then() -> None:
    found = row(state(3, 1, streaming=ROWS), Base(closed_until=at(4), firsts={}), now=at(2))
    assert found is not None
    assert found.values["spent_at"] == at(3)


VIEW = FeatureViewUse(view="customer_totals", columns=("total_purchases", "total_amount"))


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"view": "another"}, "view"),
        ({"columns": ()}, "columns"),
        ({"columns": (StreamedColumn(column="nowhere", operation="plus_count"),)}, "columns.nowhere"),
        ({"columns": (StreamedColumn(column="total_amount", operation="plus_sum"),)}, "columns.total_amount"),
        (
            {"columns": (StreamedColumn(column="total_amount", operation="lag", measure="spent"),)},
            "columns.total_amount",
        ),
        ({"bucket_minutes": 7}, "bucket_minutes"),
        ({"early_minutes": 15}, "early_minutes"),
        ({"first_minute": 900, "last_minute": 60}, "first_minute"),
        ({"measures": ()}, "measures"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_named(change: dict[str, object], where: str) -> None:
    broken = msgspec.structs.replace(PURCHASES, **change)
    assert where in [told[0] for told in broken_streaming_rules(broken, (VIEW,))]


def rules_of(streaming: StreamingFeatures | None, views: Sequence[FeatureViewUse]) -> list[tuple[str, str, str]]:
    return list(broken_streaming_rules(streaming, tuple(views)))


def test_a_view_whose_rows_are_streamed_is_refreshed_whole() -> None:
    assert rules_of(PURCHASES, [VIEW]) == rules_of(None, []) == []
    product = product_named("parking_demand")
    assert product.online is not None
    assert product.online.streaming is not None
    streaming = product.online.streaming
    assert rules_of(streaming, product.features.views) == []
    partly = msgspec.structs.replace(streaming, columns=streaming.columns[1:])
    assert "stay as of the batch" in rules_of(partly, product.features.views)[0][1]
