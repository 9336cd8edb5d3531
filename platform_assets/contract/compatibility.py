"""What consumers of one output schema version may rely on: a release that breaks it needs the next version."""

from collections.abc import Iterator
from typing import NamedTuple

from platform_assets.contract.features import RequestField
from platform_assets.contract.product import Product
from platform_assets.contract.score import Score

# What a request field is apart from its name and its words; bounds are compared by their order.
_OPEN_BELOW, _OPEN_ABOVE = float("-inf"), float("inf")


class Break(NamedTuple):
    """One field that consumers of the declaration before cannot go on with, and how it changed."""

    field: str
    change: str

    def __str__(self) -> str:
        """Return it as one phrase."""
        return f"{self.field} {self.change}"


def breaking_changes(before: Product, after: Product) -> list[Break]:
    """Return what breaks for a consumer when one declaration follows another; empty when all of them can go on.

    A higher output schema version promises nothing about the one before; a lower one is a break in itself.
    """
    old, new = before.score.schema_version, after.score.schema_version
    if new > old:
        return []
    if new < old:
        return [Break("score.schema_version", f"goes back from {old} to {new}")]
    return breaks_between(before, after)


def breaks_between(before: Product, after: Product) -> list[Break]:
    """Return every field that readers of one declaration cannot go on with in another, whatever their versions say."""
    return [*_key_breaks(before, after), *_score_breaks(before.score, after.score), *_request_breaks(before, after)]


def _key_breaks(before: Product, after: Product) -> Iterator[Break]:
    yield from _changed("entity.row_keys", before.entity.row_keys, after.entity.row_keys)


def _score_breaks(before: Score, after: Score) -> Iterator[Break]:
    yield from _changed("score.kind", before.kind, after.kind)
    yield from _changed("score.unit", before.unit, after.unit)
    # A position stands for its name, so that not even a new class at the end is known to readers.
    yield from _changed("score.classes", before.classes, after.classes)
    if after.low < before.low:
        yield Break("score.low", f"falls from {before.low:g} to {after.low:g}")
    if after.high > before.high:
        yield Break("score.high", f"rises from {before.high:g} to {after.high:g}")
    yield from _changed("score.threshold", _labels(before), _labels(after))


def _labels(score: Score) -> tuple[str, ...]:
    """Return the labels that answers may carry; where they part is the model's affair."""
    return (score.threshold.below, score.threshold.at_or_above) if score.threshold else ()


def _request_breaks(before: Product, after: Product) -> Iterator[Break]:
    known = {field.name: field for field in before.request}
    wanted = {field.name: field for field in after.request}
    for name in known.keys() - wanted.keys():
        yield Break(f"request.{name}", "is not taken any more")
    for name, field in wanted.items():
        if name in known:
            yield from _field_breaks(known[name], field)
        elif field.is_required:
            yield Break(f"request.{name}", "is new and required")


def _field_breaks(before: RequestField, after: RequestField) -> Iterator[Break]:
    where = f"request.{before.name}"
    yield from _changed(f"{where}.type", before.type, after.type)
    if after.is_required and not before.is_required:
        yield Break(where, "becomes required")
    if _or(after.low, _OPEN_BELOW) > _or(before.low, _OPEN_BELOW):
        yield Break(f"{where}.low", f"rises to {after.low:g}")
    if _or(after.high, _OPEN_ABOVE) < _or(before.high, _OPEN_ABOVE):
        yield Break(f"{where}.high", f"falls to {after.high:g}")


def _or(bound: float | None, otherwise: float) -> float:
    return otherwise if bound is None else bound


def _changed(field: str, before: object, after: object) -> Iterator[Break]:
    if before != after:
        yield Break(field, f"changes from {before!r} to {after!r}")
