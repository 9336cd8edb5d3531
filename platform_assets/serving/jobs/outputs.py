"""The row that a job writes for every row of its input."""

import datetime as dt
from collections.abc import Mapping

import msgspec

from platform_assets.clock import from_epoch
from platform_assets.serving.row_schema import RowSchema
from platform_assets.serving.values import Scalar, read_instant
from platform_assets.serving.wire import Answer

OutputValue = str | float | int | bool | dt.datetime | None
_MAX_ERROR_LENGTH = 300


class OutputColumns(msgspec.Struct, frozen=True, kw_only=True):
    """The columns that follow the row keys, in this order; all but `error` are null for a row that was wrong."""

    prediction_id: str | None = None
    score: float | None = None
    label: str | None = None
    uncertainty: float | None = None
    is_valid: bool | None = None
    release_id: str | None = None
    model_version: int | None = None
    feature_version: str | None = None
    output_schema_version: int | None = None
    as_of: dt.datetime | None = None
    event_at: dt.datetime | None = None
    is_stale: bool | None = None
    action_allowed: bool | None = None
    fallback: str | None = None
    reason: str | None = None
    error: str | None = None


_TAKEN = tuple(name for name in OutputColumns.__struct_fields__ if name != "error")
OutputRow = tuple[OutputValue, ...]


def column_names(row_keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return the columns of an output: the row keys, then what was answered."""
    return (*row_keys, *OutputColumns.__struct_fields__)


def answered_row(schema: RowSchema, row: Mapping[str, Scalar], answer: Answer) -> OutputRow:
    """Return the row of an answer: its keys as in the prediction log, and the answer's own values."""
    return (*_keys(schema, row), *(getattr(answer, name) for name in _TAKEN), None)


def failed_row(schema: RowSchema, row: Mapping[str, Scalar], problem: str) -> OutputRow:
    """Return the row of an input row that was wrong: its keys as far as they can be told, and the problem."""
    keys = (None if row.get(name) is None else _printable(str(row[name])) for name in schema.row_keys)
    return (*keys, *(None for _ in _TAKEN), _printable(problem))


def _keys(schema: RowSchema, row: Mapping[str, Scalar]) -> list[str]:
    return [_key_text(row[name], is_instant=schema.fields[name].type == "timestamp") for name in schema.row_keys]


def _key_text(value: Scalar, *, is_instant: bool) -> str:
    if is_instant:
        return from_epoch(read_instant(value, "$")).isoformat()
    return str(value)


def _printable(text: str) -> str:
    """Return text that any file can hold: undecodable bytes are shown as escapes, and length is bounded."""
    return text.encode("utf-8", "backslashreplace").decode()[:_MAX_ERROR_LENGTH]
