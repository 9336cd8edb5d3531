"""JSON bodies and plain data as typed structs; whatever is wrong with them is an error that names the path."""

from typing import TypeVar

import msgspec

from platform_assets.errors import MalformedRequestError, UnreadableBodyError

T = TypeVar("T")


def read_json(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Return what a body holds. Raises UnreadableBodyError (400) and MalformedRequestError (422) with the path."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _malformed(error) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise UnreadableBodyError(problem=str(error) or type(error).__name__) from None


def convert_plain(content: object, kind: type[T]) -> T:
    """Return plain data as a struct, checked as a body is; raises MalformedRequestError (422) with the path."""
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        raise _malformed(error) from None


def _malformed(error: msgspec.ValidationError) -> MalformedRequestError:
    problem, _, path = str(error).partition(" - at ")
    return MalformedRequestError(where=path.strip("`") or "$", problem=problem)
