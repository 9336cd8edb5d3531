"""JSON bodies as typed structs; whatever is wrong with one is an error that names the path."""

from typing import TypeVar

import msgspec

from platform_assets.errors import MalformedRequestError, UnreadableBodyError

T = TypeVar("T")


def read_json(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """Return what a body holds. Raises UnreadableBodyError (400) and MalformedRequestError (422) with the path."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at ")
        raise MalformedRequestError(where=path.strip("`") or "$", problem=problem) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise UnreadableBodyError(problem=str(error) or type(error).__name__) from None
