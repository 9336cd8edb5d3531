"""Types that also read the answers of a newer endpoint: unknown fields and unknown words of a vocabulary are taken."""

from collections.abc import Hashable, Mapping
from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

T = TypeVar("T")
_UNIONS = (Union, UnionType)


def read_answer(kind: type[T], content: bytes) -> T:
    """Return an instance of the struct, however much newer than it the answer is; raises msgspec.DecodeError."""
    decoder: msgspec.json.Decoder[T] = _decoder(kind)  # type: ignore[arg-type]  # a type can be a key
    return decoder.decode(content)


@cache
def _decoder(kind: Hashable) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(tolerant(kind))


def tolerant(kind: Any) -> Any:  # noqa: ANN401 - any annotation
    """Return the same type with subclasses of its structs that take unknown fields, and with vocabularies left open."""
    origin, arguments = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _subclass(kind)
    if origin is Literal:
        return reduce(or_, {type(value) for value in arguments})
    if origin is Annotated:
        return Annotated[tolerant(arguments[0]), *arguments[1:]]
    if origin in _UNIONS:
        return reduce(or_, [tolerant(each) for each in arguments])
    if origin is not None:
        return origin[tuple(each if each is Ellipsis else tolerant(each) for each in arguments)]
    return kind


@cache
def _subclass(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """Return the struct again, with tolerant fields. A field without a default stays required."""
    hints: Mapping[str, Any] = get_type_hints(kind, include_extras=True)
    columns = [_column(field, hints[field.name]) for field in msgspec.structs.fields(kind)]
    return msgspec.defstruct(
        kind.__name__,
        columns,
        bases=(kind,),
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=False,
    )


def _column(field: msgspec.structs.FieldInfo, hint: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any annotation
    if field.default_factory is not msgspec.NODEFAULT:
        return (field.name, tolerant(hint), msgspec.field(default_factory=field.default_factory))
    if field.default is not msgspec.NODEFAULT:
        return (field.name, tolerant(hint), field.default)
    return (field.name, tolerant(hint))
