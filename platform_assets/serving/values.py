"""One value of a request against its declaration: the value as the frame takes it, or an error that names the path."""

import math
from collections.abc import Callable

from platform_assets.clock import epoch_seconds, parse_instant
from platform_assets.contract.features import FieldType, RequestField
from platform_assets.errors import MalformedRequestError
from platform_assets.serving.limits import EARLIEST_YEAR, LATEST_YEAR, MAX_INTEGER

Scalar = str | float | int | bool | None


def read_value(field: RequestField, value: Scalar, where: str) -> str | float | None:
    """Return text, or a number (an instant as epoch seconds); None for an absent optional value.

    Raises MalformedRequestError for a missing, mistyped or out-of-range value.
    """
    if value is None:
        if field.is_required:
            raise MalformedRequestError(where=where, problem=f"it is required: {field.description}")
        return None
    read = _READERS[field.type](value, where)
    if isinstance(read, float):
        _check_range(field, read, where)
    return read


def read_instant(value: Scalar, where: str) -> float:
    """Return epoch seconds of ISO 8601 text between the years of the limits; raises MalformedRequestError."""
    if not isinstance(value, str):
        raise _wrong(where, "an ISO 8601 instant as text", value)
    try:
        instant = parse_instant(value)
    except (ValueError, OverflowError):
        raise _wrong(where, "an ISO 8601 instant like 2011-12-09T12:00:00Z", value) from None
    if not EARLIEST_YEAR <= instant.year <= LATEST_YEAR:
        raise _wrong(where, f"an instant from {EARLIEST_YEAR} to {LATEST_YEAR}", value)
    return epoch_seconds(instant)


def read_number(value: Scalar, where: str) -> float:
    """Return a finite number that float64 holds; a truth value is none. Raises MalformedRequestError."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(where, "a number", value)
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        raise _wrong(where, f"at most {MAX_INTEGER} in size", "a larger integer")
    if not math.isfinite(value):
        raise _wrong(where, "a finite number", value)
    return float(value)


def _read_integer(value: Scalar, where: str) -> float:
    number = read_number(value, where)
    if not number.is_integer():
        raise _wrong(where, "a whole number", value)
    return number


def _read_boolean(value: Scalar, where: str) -> float:
    if not isinstance(value, bool):
        raise _wrong(where, "true or false", value)
    return float(value)


def _read_text(value: Scalar, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _wrong(where, "text that is not empty", value)
    return value


def _check_range(field: RequestField, value: float, where: str) -> None:
    if field.low is not None and value < field.low:
        raise _wrong(where, f"at least {field.low:g}", value)
    if field.high is not None and value > field.high:
        raise _wrong(where, f"at most {field.high:g}", value)


def _wrong(where: str, expected: str, value: Scalar) -> MalformedRequestError:
    # Python refuses to print integers of more than 4,300 digits.
    is_printable = not isinstance(value, int) or abs(value) <= MAX_INTEGER
    shown = f"{value!r:.80}" if is_printable else "a very large integer"
    return MalformedRequestError(where=where, problem=f"expected {expected}, got {shown}")


_READERS: dict[FieldType, Callable[[Scalar, str], str | float]] = {
    "text": _read_text,
    "number": read_number,
    "integer": _read_integer,
    "boolean": _read_boolean,
    "timestamp": read_instant,
}
