"""Streamed features: events that refresh stored features between two batches, declared as data.

An event has an id, the key of an entity, the instant at which it happened and the declared fields. Its instant puts it
into a bucket of fixed width. A bucket counts its events, sums their measures and keeps the first event's measures, so
what it holds does not depend on the order in which events come.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from platform_assets.contract.features import FeatureViewUse, RequestField

_AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]
_Minute = Annotated[int, msgspec.Meta(ge=0, le=1439)]
StreamedOperation = Literal[
    "latest",  # the measure in the newest bucket
    "event_at",  # the instant of the first event of the newest bucket, in epoch seconds
    "lag",  # the measure so many buckets earlier on the same UTC day, missing where there was none
    "change",  # the newest measure less that lag
    "days_ago",  # the mean of the measure in the same bucket of the day so many days earlier, of those that are known
    "day_mean",  # the mean of the measure over the buckets of the UTC day so far
    "plus_count",  # the value of the snapshot plus the number of events in the buckets that began since its as-of
    "plus_sum",  # likewise plus the sum of the measure, exact to a millionth
]
PLUS: frozenset[StreamedOperation] = frozenset({"plus_count", "plus_sum"})
_NEEDS_BACK: frozenset[StreamedOperation] = frozenset({"lag", "change", "days_ago"})
_NEEDS_MEASURE: frozenset[StreamedOperation] = frozenset(
    {"latest", "lag", "change", "days_ago", "day_mean", "plus_sum"}
)
DAY_MINUTES = 1440


class Measure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number taken from an event: a field, or its ratio to another one, capped at `at_most`."""

    name: str
    field: str
    per: str | None = None
    at_most: float | None = None


class StreamedColumn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One stored column and how events refresh it; `back` counts buckets (lag, change) or days (days_ago)."""

    column: str
    operation: StreamedOperation
    measure: str | None = None
    back: tuple[_AtLeastOne, ...] = ()


class StreamingFeatures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events a product takes in, and which stored columns of one of its feature views they refresh.

    `key` are the join keys of the view and fields of an event. A bucket holds the events from `early_minutes` before
    its instant to the next one's; only buckets from `first_minute` to `last_minute` of the UTC day are kept. An event
    that is more than `retention_hours` older than the newest one of its entity is refused. `batch` is SQL over the
    staging models that yields what the batch knows, one row for each event that counts: the key, `event_at`, and the
    fields; buckets of the `history_days` before the as-of are taken from it.
    """

    event: str
    description: str
    view: str
    key: tuple[str, ...]
    fields: tuple[RequestField, ...]
    measures: tuple[Measure, ...]
    columns: tuple[StreamedColumn, ...]
    batch: str
    bucket_minutes: _AtLeastOne = 30
    early_minutes: Annotated[int, msgspec.Meta(ge=0)] = 0
    first_minute: _Minute = 0
    last_minute: _Minute = DAY_MINUTES - 1
    retention_hours: _AtLeastOne = 72
    history_days: _AtLeastOne = 1

    @property
    def refreshed(self) -> tuple[str, ...]:
        """The stored columns that events refresh."""
        return tuple(each.column for each in self.columns)


def broken_streaming_rules(
    streaming: StreamingFeatures | None, views: tuple[FeatureViewUse, ...]
) -> Iterator[tuple[str, str, str]]:
    """Yield (where, problem, remedy) of every contradiction; none where nothing is declared."""
    if streaming is None:
        return
    yield from _view_rules(streaming, views)
    yield from _bucket_rules(streaming)
    yield from _measure_rules(streaming)
    yield from _column_rules(streaming)


def _view_rules(streaming: StreamingFeatures, views: tuple[FeatureViewUse, ...]) -> Iterator[tuple[str, str, str]]:
    used = {use.view: use.columns for use in views}
    if streaming.view not in used:
        yield "view", f"the product does not use view {streaming.view!r}", "Name one of its views."
        return
    if not streaming.refreshed:
        yield "columns", "none is refreshed", "Declare at least one."
    for name in streaming.refreshed:
        if name not in used[streaming.view] or streaming.refreshed.count(name) > 1:
            yield f"columns.{name}", f"it is not once a column of {streaming.view}", "Name each of its columns once."
    rows = [each.column for each in streaming.columns if each.operation not in PLUS]
    left = [name for name in used[streaming.view] if name not in streaming.refreshed]
    if rows and left:
        problem = f"they would stay as of the batch while {rows[0]} moves on"
        yield f"columns: {', '.join(left)}", problem, "Refresh every column of the view, or only plus_* ones."


def _bucket_rules(streaming: StreamingFeatures) -> Iterator[tuple[str, str, str]]:
    if DAY_MINUTES % streaming.bucket_minutes:
        yield "bucket_minutes", "it does not divide the day", "Choose one that does, as 1, 15, 30, 60 or 1440."
    if streaming.early_minutes >= streaming.bucket_minutes:
        yield "early_minutes", "it is not below bucket_minutes", "Lower it."
    if streaming.early_minutes and any(each.operation in PLUS for each in streaming.columns):
        yield "early_minutes", "a bucket would lie on both sides of an as-of", "Leave it out with plus_* columns."
    if streaming.first_minute > streaming.last_minute:
        yield "first_minute", "it is after last_minute", "Swap them."


def _measure_rules(streaming: StreamingFeatures) -> Iterator[tuple[str, str, str]]:
    kinds = {field.name: field.type for field in streaming.fields}
    if not streaming.measures:
        yield "measures", "none is declared", "Declare what an event measures."
    for measure in streaming.measures:
        for name in filter(None, (measure.field, measure.per)):
            if kinds.get(name) not in {"number", "integer"}:
                yield f"measures.{measure.name}", f"{name!r} is no numeric field", "Declare it among the fields."
    for name in sorted({"event_id", "event_at"} & {*kinds, *streaming.key}):
        yield f"fields.{name}", "every event has it", "Leave it out."
    for field in streaming.fields:
        if not field.is_required:
            yield f"fields.{field.name}", "a field of an event cannot be left out", "Make it required."


def _column_rules(streaming: StreamingFeatures) -> Iterator[tuple[str, str, str]]:
    known = {measure.name for measure in streaming.measures}
    for each in streaming.columns:
        where = f"columns.{each.column}"
        if (each.operation in _NEEDS_MEASURE) != (each.measure is not None) or each.measure not in {None, *known}:
            yield (
                where,
                f"measure {each.measure!r} does not fit {each.operation}",
                f"Known: {', '.join(sorted(known))}.",
            )
        if (each.operation in _NEEDS_BACK) != bool(each.back):
            yield where, f"back={each.back} does not fit {each.operation}", "Say how far back, where it looks back."
        if each.operation in {"lag", "change"} and len(each.back) > 1:
            yield where, "it looks back to several buckets", "Name one."
        if each.operation == "days_ago" and max(each.back, default=0) > streaming.history_days:
            yield where, "it looks further back than history_days", "Raise history_days."
