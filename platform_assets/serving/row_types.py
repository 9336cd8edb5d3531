"""The msgspec type of a product's rows: decodes the plain case of a request at C speed, and declines every other one.

What it accepts is read to the same values as by `rows`, which alone words the errors; a property test holds that.
"""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from platform_assets.contract.features import FieldType, RequestField
from platform_assets.serving.limits import MAX_INTEGER, MAX_TEXT_LENGTH

RowTuple = tuple[Any, ...]
_LIMIT = float(MAX_INTEGER)
_TEXT = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT_LENGTH, pattern=r"\S")]
# At the limit itself a larger integer may have been rounded to it: `rows` looks at what was sent.
_STORED = Annotated[float, Meta(gt=-_LIMIT, lt=_LIMIT)] | None | UnsetType


class RowDecoder:
    """Decodes JSON rows to tuples: request fields in order, then stored features (UNSET where none was sent)."""

    def __init__(self, fields: tuple[RequestField, ...], stored: tuple[str, ...], max_rows: int) -> None:
        """Build the type of one product's rows."""
        columns: list[Any] = [_declared(field) for field in fields]
        columns += [(name, _STORED, UNSET) for name in stored]
        self.row_type = msgspec.defstruct(
            "Row", columns, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False
        )
        self._one = msgspec.json.Decoder(self.row_type)
        rows = Annotated[list[self.row_type], Meta(max_length=max_rows)]  # type: ignore[name-defined]  # made at run time
        self._many = msgspec.json.Decoder(rows)

    def one(self, content: msgspec.Raw) -> list[RowTuple] | None:
        """Return the single row of a JSON object; None when it is not a plain one."""
        try:
            return [msgspec.structs.astuple(self._one.decode(content))]
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return None

    def many(self, content: msgspec.Raw) -> list[RowTuple] | None:
        """Return the rows of a JSON array; None when one of them is not a plain one."""
        try:
            return list(map(msgspec.structs.astuple, self._many.decode(content)))
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return None


def _declared(field: RequestField) -> Any:  # noqa: ANN401 - what defstruct takes
    kind = _TYPES[field.type](field)
    return (field.name, kind) if field.is_required else (field.name, kind | None, None)


def _number(field: RequestField, *, multiple_of: float | None = None) -> Any:  # noqa: ANN401 - a type
    low: dict[str, Any] = {"gt": -_LIMIT} if field.low is None else {"ge": field.low}
    high: dict[str, Any] = {"lt": _LIMIT} if field.high is None else {"le": field.high}
    return Annotated[float, Meta(**low, **high, multiple_of=multiple_of)]


_TYPES: dict[FieldType, Callable[[RequestField], Any]] = {
    "text": lambda _: _TEXT,
    "number": _number,
    "integer": lambda field: _number(field, multiple_of=1.0),
    "boolean": lambda _: bool,
    "timestamp": lambda _: _TEXT,
}
