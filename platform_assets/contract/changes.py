"""Every change between two declarations that readers can see: whether they can go on, and why."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from platform_assets.contract.compatibility import breaking_changes, breaks_between
from platform_assets.contract.features import RequestField
from platform_assets.contract.product import Product

ChangeKind = Literal["breaking", "compatible"]

# Words, promises and defaults: what readers are told of, and what no reader stumbles over.
_READERS_GO_ON = {
    "score.meaning": "words; whoever acts on the score reads them again",
    "score.intended_use": "words; whoever acts on the score reads them again",
    "score.known_limitations": "words; whoever acts on the score reads them again",
    "entity.description": "words",
    "batch.freshness": "a promise; each row says its age and whether it may be acted on",
    "batch.cadence": "a promise; each row says its age and whether it may be acted on",
    "batch.sla": "a promise; no row changes by it",
    "actions": "what machines may do; what is allowed now stands beside the rows",
    "owner": "who is asked",
    "earlier_versions": "the timeline of earlier versions; readers of one see it in their headers",
}
_MOST_SHOWN = 160
_NO_ROW_OUTSIDE = "no value comes that did not come before"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One field that differs, whether readers can go on, and the reason."""

    kind: ChangeKind
    field: str
    change: str
    reason: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All changes from one declaration to another, and whether it may follow as it is.

    `problems` is empty where it may: nothing breaks, or the output version was raised.
    """

    product: str
    from_version: int
    to_version: int
    changes: list[Change]
    problems: list[str]


def compare(before: Product, after: Product) -> Comparison:
    """Return every change that readers of a product's output can see, the breaking ones first."""
    broken = breaks_between(before, after)
    breaking = [
        Change(kind="breaking", field=one.field, change=one.change, reason="a reader of this version cannot go on")
        for one in broken
    ]
    taken = {one.field for one in broken}
    compatible = [one for one in _compatible(before, after) if one.field not in taken]
    return Comparison(
        product=after.name,
        from_version=before.score.schema_version,
        to_version=after.score.schema_version,
        changes=[*breaking, *compatible],
        problems=[str(one) for one in breaking_changes(before, after)],
    )


def _compatible(before: Product, after: Product) -> Iterator[Change]:
    for field, reason in _READERS_GO_ON.items():
        old, new = _value(before, field), _value(after, field)
        if old != new:
            yield _change(field, f"changes from {_short(old)} to {_short(new)}", reason)
    yield from _bounds(before, after)
    yield from _requests(before, after)


def _bounds(before: Product, after: Product) -> Iterator[Change]:
    old, new = before.score, after.score
    if new.low > old.low:
        yield _change("score.low", f"rises from {old.low:g} to {new.low:g}", _NO_ROW_OUTSIDE)
    if new.high < old.high:
        yield _change("score.high", f"falls from {old.high:g} to {new.high:g}", _NO_ROW_OUTSIDE)
    if old.threshold and new.threshold and old.threshold.value != new.threshold.value:
        moved = f"moves from {old.threshold.value:g} to {new.threshold.value:g}"
        yield _change("score.threshold.value", moved, "the labels stay; where they part is the model's affair")


def _requests(before: Product, after: Product) -> Iterator[Change]:
    known = {field.name: field for field in before.request}
    for field in after.request:
        where = f"request.{field.name}"
        if field.name not in known:
            yield _change(where, "is new and optional", "callers need not send it")
        elif field != known[field.name]:
            yield _change(where, _widened(known[field.name], field), "what was taken before is still taken")


def _widened(before: RequestField, after: RequestField) -> str:
    names = [name for name in before.__struct_fields__ if getattr(before, name) != getattr(after, name)]
    return ", ".join(f"{name} becomes {getattr(after, name)!r}" for name in names)


def _change(field: str, change: str, reason: str) -> Change:
    return Change(kind="compatible", field=field, change=change, reason=reason)


def _value(product: Product, path: str) -> object:
    found: object = product
    for name in path.split("."):
        found = getattr(found, name)
    return found


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
